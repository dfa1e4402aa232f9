using Hydra.Model;
using Hydra.Nodes;
using Hydra.Tests.Parsing;
using Hydra.Tests.Shared;

namespace Hydra.Tests.Nodes;

public class BashTests
{
    [Theory]
    [InlineData("$(touch /tmp/x) `id` $HOME; echo no")]
    [InlineData("it's \"quoted\" \\ and * ? ~ | & > <")]
    [InlineData("two\nlines")]
    [InlineData("")]
    [InlineData("-n")]
    public async Task A_templated_value_is_one_word_whatever_it_holds(string value)
    {
        var run = await YamlRun.OfAsync("""
            name: test
            inputs: {x: {}}
            nodes:
              - {id: b, type: bash, command: "printf '%s|' {{ x }} end"}
            """, request: new RunRequest { Inputs = ValueMap.Of(("x", value)) });
        Assert.Equal(value + "|end|", run.Text("b"));
    }

    [Fact]
    public async Task Arguments_input_and_environment_reach_the_command_as_data()
    {
        var run = await RunAsync("""
            command: 'echo "$0 $1 $2 $#"; cat; echo "$GREETING"', args: [a b, "{{ 1 + 1 }}"], stdin: "from input ", env: {GREETING: "hi {{ 'you' }}"}
            """);
        Assert.Equal("bash a b 2 2\nfrom input hi you", run.Text("b"));
    }

    [Fact]
    public async Task Of_the_environment_only_a_few_names_are_inherited()
    {
        var run = await RunAsync("command: 'compgen -e'");
        Assert.Empty(run.Text("b").Split('\n').Except([.. ProcessRunner.Inherited, "HYDRA_IDEMPOTENCY_KEY", "PWD", "OLDPWD", "SHLVL", "_"]));
    }

    [Fact]
    public async Task It_runs_in_the_working_directory()
    {
        using var folder = new TempFolder();
        var run = await RunAsync("command: pwd", new RunRequest { WorkingDirectory = folder.Path });
        Assert.Equal(folder.Path, run.Text("b"));
    }

    [Fact]
    public async Task A_non_zero_exit_fails_with_the_end_of_standard_error()
    {
        var run = await RunAsync("command: 'for i in $(seq 2000); do echo line $i >&2; done; exit 3'");
        Assert.Equal(ErrorCode.ToolFailed, run["b"].Error!.Code);
        Assert.Contains("exit code 3", run["b"].Error!.Message);
        Assert.EndsWith("line 2000", run["b"].Error!.Message);
        Assert.True(run["b"].Error!.Message.Length < 5_000);
    }

    [Fact]
    public async Task Output_beyond_the_limit_is_cut_between_characters_and_the_node_ends_degraded()
    {
        var run = await RunAsync("command: 'printf äöü%.0s {1..1000}', max_output_bytes: 3");
        Assert.Equal(NodeStatus.Degraded, run["b"].Status);
        Assert.Equal("ä", run.Text("b"));
        Assert.Equal("standard output was cut at max_output_bytes 3: 6000 bytes were written", run["b"].Error!.Message);
    }

    [Fact]
    public async Task Output_that_is_no_text_fails_with_words_that_help()
    {
        var run = await RunAsync(@"command: 'printf ""\\xff\\xfe""'");
        Assert.Contains("2 bytes to standard output that are not UTF-8", run["b"].Error!.Message);
    }

    [Fact]
    public async Task A_timeout_ends_the_whole_tree()
    {
        using var folder = new TempFolder();
        await using var begun = NamedPipe.Open(Path.Combine(folder.Path, "begun"));
        var clock = new TimeAfter(begun.ReadExactlyAsync(new byte[1], TestContext.Current.CancellationToken).AsTask());
        var run = await RunAsync("command: '(sleep 300; true) & echo $! > child; echo $$ > parent; echo > begun; wait', timeout_seconds: 0.5, effect: pure", new RunRequest { WorkingDirectory = folder.Path }, clock);
        Assert.Equal(ErrorCode.Timeout, run["b"].Error!.Code);
        foreach (var name in (string[])["child", "parent"]) Assert.False(Lives(File.ReadAllText(Path.Combine(folder.Path, name)).Trim()), name);
    }

    /// <remarks>A command may have done its work by then, unless the author says that it has none (docs/effects.md).</remarks>
    [Theory]
    [InlineData("pure", "timeout")]
    [InlineData("idempotent", "timeout")]
    [InlineData("irreversible", "unknown_outcome")]
    public async Task A_timeout_leaves_in_doubt_what_may_not_be_done_again(string effect, string code)
    {
        using var folder = new TempFolder();
        await using var begun = NamedPipe.Open(Path.Combine(folder.Path, "begun"));
        var clock = new TimeAfter(begun.ReadExactlyAsync(new byte[1], TestContext.Current.CancellationToken).AsTask());
        var run = await RunAsync($"command: 'echo > begun; sleep 300', timeout_seconds: 0.5, effect: {effect}", new RunRequest { WorkingDirectory = folder.Path }, clock);
        Assert.Equal((NodeStatus.Failed, code), (run["b"].Status, run["b"].Error!.Code.Name));
    }

    [Fact]
    public async Task What_a_command_leaves_running_ends_with_it()
    {
        using var folder = new TempFolder();
        var run = await RunAsync("command: 'sleep 300 & echo $!'", new RunRequest { WorkingDirectory = folder.Path });
        Assert.Equal(NodeStatus.Completed, run["b"].Status);
        Assert.False(Lives(run.Text("b")));
    }

    [Fact]
    public async Task The_log_keeps_what_was_asked_without_what_is_named_a_secret()
    {
        var run = await RunAsync("command: 'echo $API_TOKEN', env: {API_TOKEN: s3cret, LEVEL: '5'}");
        Assert.Equal("s3cret", run.Text("b"));
        Assert.Equal("""{"command":"echo $API_TOKEN","args":[],"stdin":"","env":{"API_TOKEN":"(secret)","LEVEL":"5"}}""", run.Calls[0].Request!.Inline.ToJson());
        Assert.Equal(EffectClass.Irreversible, run.Calls[0].Effect);
    }

    [Theory]
    [InlineData("echo \"{{ x }}\"", "inside double quotes")]
    [InlineData("echo 'a {{ x }}'", "inside single quotes")]
    [InlineData("echo $'a\\' {{ x }}'", "inside single quotes")]
    [InlineData("echo `ls {{ x }}`", "inside backticks")]
    [InlineData("true # {{ x }}", "inside a comment")]
    [InlineData("cat <<EOF\n{{ x }}\nEOF", "after a here-document has begun")]
    [InlineData("echo $(( 1 + {{ x }} ))", "inside (( … ))")]
    [InlineData("echo $(( (1) + ({{ x }}) ))", "inside (( … ))")]
    [InlineData("echo \\{{ x }}", "behind a backslash")]
    [InlineData("echo \"$(cat \"{{ x }}\")\"", "inside double quotes")]
    [InlineData("echo \"${a:-{{ x }}}\"", "inside double quotes")]
    public void A_template_where_quoting_cannot_hold_is_found(string command, string where) =>
        Assert.Equal(where, ShellScan.FirstUnsafe(command)!.Where);

    [Theory]
    [InlineData("grep {{ x }} file | wc -l")]
    [InlineData("echo \"it's\" {{ x }} 'a' {{ y }}")]
    [InlineData("echo \"$(cat {{ x }})\"")]
    [InlineData("echo \"$(cat \"a\" {{ x }})\" \"b\"")]
    [InlineData("wc <<< {{ x }}")]
    [InlineData("echo a#b {{ x }} \\\n  {{ y }}")]
    [InlineData("{% for f in files %}touch {{ f }}; {% endfor %}")]
    [InlineData("# it's a comment\necho {{ x }}")]
    [InlineData("echo ${a:-{{ x }}} \\\\ {{ y }}")]
    public void A_template_that_stands_as_a_word_is_fine(string command) => Assert.Null(ShellScan.FirstUnsafe(command));

    [Fact]
    public void The_problem_points_at_the_template()
    {
        var problem = Assert.Single(TestTypes.Problems("name: t\ninputs: {x: {}}\nnodes:\n  - id: b\n    type: bash\n    command: |\n      true\n      echo \"{{ x }}\"\n"));
        Assert.StartsWith("HYD218 test.yaml:8:13: node 'b' templates a value inside double quotes", problem);
    }

    private static bool Lives(string process)
    {
        var status = $"/proc/{process}/stat";
        return File.Exists(status) && !File.ReadAllText(status).Contains(") Z ");
    }

    private static Task<YamlRun> RunAsync(string fields, RunRequest? request = null, TimeProvider? clock = null) => YamlRun.OfAsync($"  - {{id: b, type: bash, {fields}}}", request: request, clock: clock);
}
