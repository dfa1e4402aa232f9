using Hydra.Model;

namespace Hydra.Tests.Nodes;

public class PythonTests
{
    [Fact]
    public async Task Upstream_values_arrive_in_the_variable_inputs_and_json_comes_back_as_data()
    {
        var run = await YamlRun.OfAsync("""
            name: test
            inputs: {who: {default: "Zoë \"x\" {{y}}"}}
            nodes:
              - {id: a, type: set, value: {n: [1, 2.5, null, true]}}
              - id: p
                type: python_exec
                depends_on: [a]
                code: |
                  import json
                  print(json.dumps({"who": inputs["who"], "a": inputs["a"], "names": sorted(inputs)}))
            """, request: new RunRequest { Inputs = ValueMap.Of(("who", "Zoë \"x\" {{y}}")) });
        Assert.Equal("""{"who":"Zoë \"x\" {{y}}","a":{"n":[1,2.5,null,true]},"names":["a","who"]}""", run.Json("p"));
    }

    [Fact]
    public async Task Items_of_a_map_arrive_by_their_name()
    {
        var run = await YamlRun.OfAsync("""  - {id: m, type: map, over: "[1, 2]", as: x, body: {type: python_exec, code: "print(inputs['x'] * 10)"}}""");
        Assert.Equal("[10,20]", run.Json("m"));
    }

    [Fact]
    public async Task What_is_no_json_is_text()
    {
        var run = await YamlRun.OfAsync("  - {id: p, type: python_exec, code: \"print('hällo')\"}");
        Assert.Equal("hällo", run.Text("p"));
    }

    [Fact]
    public async Task An_exception_fails_with_its_traceback_and_the_line_of_the_code()
    {
        var run = await YamlRun.OfAsync("  - {id: p, type: python_exec, code: \"x = 1\\nraise ValueError('broken ' + str(x))\"}");
        Assert.Equal(ErrorCode.ToolFailed, run["p"].Error!.Code);
        Assert.Contains("File \"<code>\", line 2", run["p"].Error!.Message);
        Assert.Contains("ValueError: broken 1", run["p"].Error!.Message);
    }

    [Fact]
    public async Task Its_output_schema_is_held()
    {
        var run = await YamlRun.OfAsync("  - {id: p, type: python_exec, code: \"print('[1]')\", output_schema: {type: object}}");
        Assert.Equal(ErrorCode.InvalidOutput, run["p"].Error!.Code);
    }
}
