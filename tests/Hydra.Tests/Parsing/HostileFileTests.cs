using System.Text;
using Hydra.Parsing;
using Hydra.Validation;

namespace Hydra.Tests.Parsing;

public class HostileFileTests
{
    private const string Letters = "{}[]:,-#&*!|>'\"%@` \n\t\\<~0129axnull\u00e9\u2028\uFEFF";

    [Fact]
    public void Examples_with_damage_never_make_either_stage_throw()
    {
        var random = new Random(20260131);
        var files = Directory.GetFiles(Path.Combine(TestFiles.Root, "examples"), "*.yaml").Concat(Directory.GetFiles(Path.Combine(AppContext.BaseDirectory, "data", "workflows"))).Select(File.ReadAllText).ToList();
        for (var round = 0; round < 3000; round++)
        {
            var text = new StringBuilder(files[random.Next(files.Count)]);
            for (var edits = random.Next(1, 6); edits > 0; edits--) Damage(text, random);
            Through(text.ToString());
        }
    }

    [Theory]
    [InlineData("name: a\nnodes: &n\n  - {id: a, type: map, over: x, as: y, body: *n}")]
    [InlineData("name: a\nnodes: [null, 1, [], {}]")]
    [InlineData("name: a\nnodes: {a: 1}")]
    [InlineData("name: a\noutputs: {a: {}}\nnodes: [{id: a, type: set, value: 1}]")]
    [InlineData("name: a\nmodels: {a: [], b: {}, c: 1}\nnodes: [{id: a, type: set, value: 1}]")]
    [InlineData("name: a\ninputs: {a: null, b: [], c: {type: null}}\nnodes: [{id: a, type: set, value: 1}]")]
    [InlineData("name: a\nnodes: [{id: a, type: evaluator_loop, generator: null, evaluator: []}]")]
    [InlineData("name: a\nnodes: [{id: a, type: loop, body: [], until: '', max_iterations: 1}]")]
    [InlineData("name: a\nnodes: [{id: a, type: set, value: 1, retry: {retry_on: []}, labels: [], join: {at_least: null}}]")]
    [InlineData("name: a\nnodes: [{id: a, type: subgraph, path: \"\", inputs: null}]")]
    [InlineData("name: a\nbudget: {max_usd: 1e300, max_seconds: 1e300}\nnodes: [{id: a, type: set, value: 1}]")]
    [InlineData("? a\n: b")]
    [InlineData("%YAML 9.9\n---\nname: a")]
    [InlineData("--- !!str\n")]
    [InlineData("&a &b c")]
    public void Odd_files_never_make_either_stage_throw(string text) => Through(text);

    private static void Through(string text)
    {
        var (spec, problems) = WorkflowParser.Parse(text, "test.yaml", TestTypes.All);
        Assert.True(spec is not null || problems.HasErrors, text);
        if (spec is null) return;
        WorkflowValidator.Check(spec, TestTypes.All);
        Waves.Of(spec);
    }

    private static void Damage(StringBuilder text, Random random)
    {
        var at = random.Next(text.Length);
        switch (random.Next(4))
        {
            case 0: text.Remove(at, Math.Min(random.Next(1, 20), text.Length - at)); break;
            case 1: text.Insert(at, Letters[random.Next(Letters.Length)]); break;
            case 2: text[at] = Letters[random.Next(Letters.Length)]; break;
            default: text.Insert(at, text.ToString(random.Next(text.Length / 2), Math.Min(40, text.Length / 2))); break;
        }
        if (text.Length == 0) text.Append('x');
    }
}
