using Hydra.Model;
using Hydra.Parsing;
using Hydra.Schemas;

namespace Hydra.Tests.Parsing;

public class FormatSchemaTests
{
    private static string File => Path.Combine(TestFiles.Root, "rules", "workflow.schema.json");

    [Fact]
    public void The_committed_schema_is_the_generated_one()
    {
        var generated = ValueJson.ToText(FormatSchema.Generate(TestTypes.All), indented: true) + "\n";
        if (Environment.GetEnvironmentVariable("HYDRA_WRITE_SCHEMA") == "1") System.IO.File.WriteAllText(File, generated);
        Assert.Equal(System.IO.File.ReadAllText(File), generated);
    }

    [Theory, MemberData(nameof(ExampleTests.Files), MemberType = typeof(ExampleTests))]
    public void Each_example_conforms(string example)
    {
        var schema = JsonSchema.Compile(FormatSchema.Generate(TestTypes.All));
        Assert.Empty(schema.Warnings.Select(warning => warning.ToString()));
        var source = YamlReader.Read(System.IO.File.ReadAllBytes(TestFiles.Example(example)), new ProblemList(example))!;
        Assert.Empty(schema.Validate(source.ToValue()).Select(problem => problem.ToString()));
    }

    [Theory]
    [InlineData("name: a")]
    [InlineData("name: a\nnodes: [{id: a, type: agent, promt: x}]")]
    [InlineData("name: a\nnodes: [{id: a, type: set}]")]
    [InlineData("name: a\nnodes: [{id: a, type: st, value: 1}]")]
    [InlineData("name: a\nnodes: [{id: a, type: set, value: 1, join: every}]")]
    [InlineData("name: a\nnodes: [{id: a, type: map, over: x, as: y, body: {type: set, vale: 1}}]")]
    public void What_the_binder_refuses_the_schema_refuses(string text)
    {
        var source = YamlReader.Read(text, new ProblemList("test.yaml"))!;
        Assert.False(JsonSchema.Compile(FormatSchema.Generate(TestTypes.All)).IsValid(source.ToValue()));
        Assert.NotEmpty(TestTypes.ParseProblems(text));
    }
}
