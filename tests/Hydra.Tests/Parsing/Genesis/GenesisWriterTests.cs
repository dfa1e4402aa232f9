using System.Text;
using Hydra.Model;
using Hydra.Parsing;
using Hydra.Parsing.Genesis;

namespace Hydra.Tests.Parsing.Genesis;

public class GenesisWriterTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 31, 9, 30, 0, TimeSpan.Zero);

    public static TheoryData<string> Files() =>
    [
        .. Directory.GetFiles(Path.Combine(TestFiles.Root, "examples"), "*.yaml").Concat(Directory.GetFiles(Path.Combine(AppContext.BaseDirectory, "data", "workflows"), "*.yaml").Where(file => Path.GetFileName(file) != "graph.yaml")).Order(StringComparer.Ordinal),
    ];

    [Theory, MemberData(nameof(Files))]
    public void A_workflow_comes_back_with_its_hash_and_every_file_written_is_valid(string file) => RoundTrip(WorkflowParser.ParseFile(file, TestTypes.All).Spec!);

    [Fact]
    public void A_genesis_file_comes_back_as_the_same_definition() => RoundTrip(GenesisFiles.Valid(GenesisFiles.Documented));

    [Fact]
    public void Data_may_use_every_name_that_the_schema_keeps_for_something_else()
    {
        var names = GenesisFiles.ExtensionElements();
        Assert.Contains("acceptance", names);
        Value[] values = [Value.Null, true, "word", "", -1, 0, 21, 0.5, -0.5, 3_000_000_000, 1e300, Value.OfTexts(["a"]), Value.Of(ValueMap.Empty), Value.Of(ValueMap.Of(("id", "x"), ("acceptance", Value.Of(ValueMap.Of(("type", "array"))))))];
        foreach (var value in values)
        {
            var problems = new ProblemList("t");
            var data = Value.Of(ValueMap.Of([.. names.Select(name => KeyValuePair.Create(name, value))]));
            var node = Value.Of(ValueMap.Of(("id", "n"), ("type", "set"), ("value", data)));
            var spec = SpecBinder.Bind(SourceNode.From(Value.Of(ValueMap.Of(("name", "x"), ("nodes", Value.Of([node]))))), TestTypes.All, problems);
            Assert.Empty(TestTypes.Lines(problems));
            RoundTrip(spec!);
        }
    }

    [Fact]
    public void Whatever_text_a_workflow_holds_comes_back()
    {
        var random = new Random(6);
        string[] pieces = ["", " ", "\n", "\r\n", "\t", "5", "1e3", "1.10", "true", "null", "~", "<&>]]>", "\u0001", "\u0000", "\ud83d\ude00", "\ufffd", "ä", "{{ run.id }}", "'\"", "0x1F", "item", "a: b", " x ", "-", "é\u0301"];
        for (var round = 0; round < 300; round++)
        {
            var nodes = Enumerable.Range(0, random.Next(1, 6)).Select(i => Value.Of(ValueMap.Of(
                ("id", $"n{i}"), ("type", "set"), ("value", Any(random, pieces, 3)), ("tags", Value.Of(ValueMap.Of((Piece(random, pieces) + "k", Piece(random, pieces))))),
                ("depends_on", Value.OfTexts(Enumerable.Range(0, i).Where(_ => random.Next(2) == 0).Select(parent => $"n{parent}"))), ("estimate_seconds", random.Next(2) == 0 ? random.Next(100) : random.Next(100) / 8.0)))).ToArray();
            var problems = new ProblemList("t");
            var spec = SpecBinder.Bind(SourceNode.From(Value.Of(ValueMap.Of(("name", "x" + Piece(random, pieces)), ("description", Piece(random, pieces)), ("nodes", Value.Of(nodes))))), TestTypes.All, problems);
            Assert.Empty(TestTypes.Lines(problems));
            RoundTrip(spec!);
        }
    }

    private static void RoundTrip(WorkflowSpec spec)
    {
        var xml = GenesisWriter.Write(spec, Now);
        Assert.Empty(GenesisFiles.Invalid(xml));
        var (read, problems) = WorkflowParser.Parse(Encoding.UTF8.GetBytes(xml), "plan.xml", TestTypes.All);
        Assert.Empty(TestTypes.Lines(problems));
        Assert.Equal(Encoding.UTF8.GetString(spec.Canonical.Span), Encoding.UTF8.GetString(read!.Canonical.Span));
        Assert.Equal(spec.Hash, read.Hash);
        Assert.Equal(xml, GenesisWriter.Write(read, Now));
    }

    private static string Piece(Random random, string[] pieces) => string.Concat(Enumerable.Range(0, random.Next(3)).Select(_ => pieces[random.Next(pieces.Length)]));

    private static Value Any(Random random, string[] pieces, int depth) => random.Next(depth > 0 ? 8 : 6) switch
    {
        0 => Value.Null,
        1 => random.Next(2) == 0,
        2 => random.NextInt64(),
        3 => (random.NextDouble() - 0.5) * Math.Pow(10, random.Next(-20, 20)),
        4 or 5 => Piece(random, pieces),
        6 => Value.Of(Enumerable.Range(0, random.Next(4)).Select(_ => Any(random, pieces, depth - 1))),
        _ => Value.Of(ValueMap.Of(Enumerable.Range(0, random.Next(4)).Select(i => KeyValuePair.Create(Piece(random, pieces) + (i == 0 ? "" : i), Any(random, pieces, depth - 1))))),
    };
}
