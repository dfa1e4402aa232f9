using Hydra.Journal;
using Hydra.Model;

namespace Hydra.Cli.Tests;

/// <summary>genesis.xml and epics as a user types them.</summary>
public sealed class GenesisTests
{
    private const string Plan = """
        <projectGenesis version="1.0"><metadata><epicName>tea</epicName><status>planning</status></metadata><executionPlan><tasks>
        <task id="pick"><name>Pick</name><description>Pick three leaves.</description><assignedAgent>editor</assignedAgent><estimatedDuration>1h</estimatedDuration></task>
        <task id="brew"><name>Brew</name><description>Brew them.</description><assignedAgent>editor</assignedAgent><estimatedDuration>1h</estimatedDuration><dependencies>pick</dependencies></task>
        </tasks></executionPlan></projectGenesis>
        """;

    [Fact]
    public void An_epic_is_validated_drawn_and_run_by_its_name_and_its_file_shows_the_run()
    {
        using var terminal = new Terminal();
        terminal.Write("epics/tea/genesis.xml", Plan);
        Assert.Equal(0, terminal.Run("validate", "tea"));
        Assert.Equal("✓ tea: 2 nodes, 2 wave(s)\n  wave 1: ['pick']\n  wave 2: ['brew']\n", terminal.Out);
        Assert.Equal(0, terminal.Run("graph", "tea", "--format", "genesis"));
        Assert.Contains("<from>pick</from>", terminal.Out);
        Assert.True(terminal.Run("run", "tea", "--backend", "offline") == 0, terminal.Error);
        Assert.Contains("<completed>\n        <taskRef id=\"pick\" />", File.ReadAllText(terminal.PathOf("epics/tea/genesis.xml")));
        Assert.Equal(0, terminal.Run("validate", "epics/tea/genesis.xml"));
    }

    [Fact]
    public void A_name_that_leaves_the_folder_of_epics_is_no_epic()
    {
        using var terminal = new Terminal();
        terminal.Write("secret/genesis.xml", Plan);
        Directory.CreateDirectory(terminal.PathOf("epics"));
        Assert.Equal(2, terminal.Run("run", "../epics/../secret"));
        Assert.Equal(2, terminal.Run("validate", "..\\secret"));
        Assert.Contains("does not exist", terminal.Out);
    }

    [Fact]
    public void A_second_run_of_an_epic_is_refused_with_the_way_to_follow_the_first()
    {
        using var terminal = new Terminal();
        terminal.Write("epics/tea/genesis.xml", Plan);
        using var store = SqliteRunStore.Open(terminal.PathOf(".hydra"), Durability.Full);
        using var lease = new FileStream(terminal.PathOf("epics/tea/.genesis.xml.lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        Assert.Equal(2, terminal.Run("run", "tea"));
        Assert.Contains("`hydra list --status running` names it", terminal.Error, StringComparison.Ordinal);

        using var first = store.Own(new RunId("first"));
        first.Commit(new Frame(1, 1, []), new RunInfo { Run = new RunId("first"), Workflow = "tea", Status = RunStatus.Running });
        Assert.Equal(2, terminal.Run("run", "tea"));
        Assert.Contains("Follow it: `hydra inspect first --follow`. End it: `hydra cancel first`.", terminal.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("<inProgress><taskRef", File.ReadAllText(terminal.PathOf("epics/tea/genesis.xml")), StringComparison.Ordinal);
    }
}
