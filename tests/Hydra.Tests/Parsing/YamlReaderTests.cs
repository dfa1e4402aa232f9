using System.Diagnostics;
using System.Text;
using Hydra.Model;
using Hydra.Parsing;

namespace Hydra.Tests.Parsing;

public class YamlReaderTests
{
    [Theory]
    [InlineData("null", "null")]
    [InlineData("~", "null")]
    [InlineData("true", "true")]
    [InlineData("yes", "\"yes\"")]
    [InlineData("on", "\"on\"")]
    [InlineData("'true'", "\"true\"")]
    [InlineData("\"1\"", "\"1\"")]
    [InlineData("0x1F", "31")]
    [InlineData("0o17", "15")]
    [InlineData("-7", "-7")]
    [InlineData("1.5e3", "1500.0")]
    [InlineData("1_000", "\"1_000\"")]
    [InlineData("2026-01-31", "\"2026-01-31\"")]
    [InlineData("12:30:45", "\"12:30:45\"")]
    [InlineData("9223372036854775807", "9223372036854775807")]
    [InlineData("!!str 1", "\"1\"")]
    [InlineData("!!float 1", "1.0")]
    public void Plain_words_have_the_types_of_yaml_1_2(string written, string json) => Assert.Equal(json, Read($"a: {written}").Get("a")!.Scalar.ToJson());

    [Theory]
    [InlineData("a: 9223372036854775808", "HYD109 f.yaml:1:4")]
    [InlineData("a: .inf", "HYD109 f.yaml:1:4")]
    [InlineData("a: 1e999", "HYD109 f.yaml:1:4")]
    [InlineData("a: 1\nb: 2\na: 3", "HYD105 f.yaml:3:1")]
    [InlineData("a: *b", "HYD107 f.yaml:1:4")]
    [InlineData("a: &a [*a]", "HYD107 f.yaml:1:8")]
    [InlineData("a: 1\n---\nb: 2", "HYD108 f.yaml:2:1")]
    [InlineData("a: {{ b }}", "HYD113 f.yaml:1:5")]
    [InlineData("a: !vault x", "HYD114 f.yaml:1:4")]
    [InlineData("a: !!int x", "HYD114 f.yaml:1:4")]
    [InlineData("a:\n\t- b", "HYD104 f.yaml:2:1")]
    [InlineData("- \t- b", "HYD104 f.yaml:1:3")]
    [InlineData("<<: 1", "HYD112 f.yaml:1:5")]
    [InlineData("a: \"b", "HYD103 f.yaml:1:4")]
    [InlineData("a: b\u0000c", "HYD101 f.yaml:1:5")]
    public void Broken_text_is_refused_at_its_place(string text, string start)
    {
        var problems = new ProblemList("f.yaml");
        Assert.Null(YamlReader.Read(text, problems));
        var line = Assert.Single(problems.Problems).ToString();
        Assert.StartsWith(start, line);
        Assert.EndsWith(".", line);
    }

    [Fact]
    public void Bytes_that_are_no_utf_8_are_refused_where_they_stand()
    {
        var problems = new ProblemList("f.yaml");
        Assert.Null(YamlReader.Read([.. "name: a\nx: \"caf"u8, 0xE9, (byte)'"'], problems));
        Assert.Equal("HYD101 f.yaml:2:8: the byte 0xE9 is not valid UTF-8. Save the file as UTF-8.", problems.Problems[0].ToString());
        Assert.Null(YamlReader.Read([0xFF, 0xFE, 0x61, 0x00], problems));
        Assert.Contains("UTF-16", problems.Problems[1].Message);
    }

    [Fact]
    public void A_byte_order_mark_is_skipped() => Assert.Equal(new SourcePosition(1, 4), Read("\uFEFFa: 1").Get("a")!.At);

    [Fact]
    public void Json_is_yaml() => Assert.Equal("""{"a":[1,2.5,"x\ny",null,true],"b":{}}""", Read("{\"a\": [1, 2.5, \"x\\ny\", null, true],\t\"b\": {}}").ToValue().ToJson());

    [Fact]
    public void Merge_keys_fill_in_what_is_not_written()
    {
        var node = Read("base: &base {a: 1, b: 2}\nmore: &more {b: 3, c: 4}\nx:\n  <<: [*base, *more]\n  a: 9\n");
        Assert.Equal("""{"a":9,"b":2,"c":4}""", node.Get("x")!.ToValue().ToJson());
    }

    [Theory]
    [InlineData("p: |\n  one\n    two\n", 2, 3)]
    [InlineData("p: |-\n\n     one\n", 2, 6)]
    [InlineData("p: >2\n    one\n", 2, 3)]
    [InlineData("p: 'one'\n", 1, 5)]
    [InlineData("p: one\n", 1, 4)]
    [InlineData("p: |\r\n   one\r\n", 2, 4)]
    [InlineData("# \u00e9\U0001F600\np: \"\u00e9 one\"\n", 2, 5)]
    public void Texts_know_where_their_content_begins(string text, int line, int column) => Assert.Equal(new SourcePosition(line, column), Read(text).Get("p")!.TextAt);

    [Fact]
    public void An_alias_bomb_is_refused()
    {
        var text = new StringBuilder("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
        for (var i = 1; i < 12; i++) text.Append($"a{i}: &a{i} [{string.Join(", ", Enumerable.Repeat($"*a{i - 1}", 10))}]\n");
        Refused(text.ToString(), "HYD107");
    }

    [Theory]
    [InlineData('[')]
    [InlineData('{')]
    public void Deep_nesting_is_refused_quickly(char open) => Refused("a: " + new string(open, 1_000_000), "HYD106", "HYD103", "HYD113");

    [Fact]
    public void Deep_block_nesting_is_refused_quickly() => Refused("a:\n" + string.Concat(Enumerable.Repeat("- ", 100_000)) + "x", "HYD106");

    [Fact]
    public void Text_beyond_64_MiB_is_refused_unread()
    {
        Refused(new string('#', YamlReader.BytesMax + 1), "HYD102");
    }

    [Fact]
    public void A_file_beyond_64_MiB_is_refused_unread()
    {
        var file = Path.GetTempFileName();
        try
        {
            using (var stream = File.OpenWrite(file)) stream.SetLength(200L * 1024 * 1024);
            var (spec, problems) = WorkflowParser.ParseFile(file, TestTypes.All);
            Assert.Null(spec);
            Assert.Equal("HYD102", Assert.Single(problems.Problems).Code);
        }
        finally
        {
            File.Delete(file);
        }
    }

    private static void Refused(string text, params string[] codes)
    {
        var problems = new ProblemList("f.yaml");
        Assert.Null(YamlReader.Read(text, problems));
        Assert.Contains(Assert.Single(problems.Problems).Code, codes);
    }

    private static SourceNode Read(string text)
    {
        var problems = new ProblemList("f.yaml");
        var node = YamlReader.Read(text, problems);
        Assert.Empty(problems.Problems.Select(problem => problem.ToString()));
        return node!;
    }
}
