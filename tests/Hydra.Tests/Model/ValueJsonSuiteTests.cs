using System.Diagnostics;
using System.Text.Json;
using Hydra.Model;

namespace Hydra.Tests.Model;

public sealed class ValueJsonSuiteTests
{
    [Fact]
    public void Every_document_of_the_parsing_suite_is_accepted_or_refused_as_told()
    {
        var wrong = new List<string>();
        var counts = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var line in File.ReadLines(Path.Combine(AppContext.BaseDirectory, "data", "json-test-suite", "cases.jsonl")))
        {
            var test = Value.ParseJson(line).AsObject;
            var (id, expected) = (test["id"].AsText, test["expect"].AsText);
            counts[expected] = counts.GetValueOrDefault(expected) + 1;
            var watch = Stopwatch.StartNew();
            var got = Parse(Convert.FromBase64String(test["bytes_b64"].AsText));
            if (watch.Elapsed > TimeSpan.FromMinutes(2)) wrong.Add($"{id} took {watch.Elapsed}");
            if (expected != "either" && got != expected) wrong.Add($"{id}: {got}, expected {expected}");
        }

        Assert.Empty(wrong);
        Assert.Equal((95, 188, 57), (counts["accept"], counts["reject"], counts["either"]));
    }

    /// <summary>What is accepted must also be written and read back as the same data.</summary>
    private static string Parse(byte[] utf8)
    {
        try
        {
            var value = ValueJson.Parse(utf8);
            return value.ToJson() == ValueJson.Parse(ValueJson.ToUtf8(value)).ToJson() ? "accept" : "changed";
        }
        catch (JsonException)
        {
            return "reject";
        }
    }
}
