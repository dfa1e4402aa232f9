namespace Hydra.Tests.Tracing;

public sealed class DocTests
{
    [Theory]
    [InlineData("traces.md", "A_run_reads_as_text")]
    [InlineData("traces.md", "A_crash_makes_an_incarnation_and_charges_the_cut_call_at_its_bound")]
    [InlineData("traces.md", "Events_read_as_lines")]
    [InlineData("traces.md", "A_failure_names_what_was_left_undone_because_of_it")]
    [InlineData("traces.md", "An_output_leads_back_to_inputs_and_calls")]
    [InlineData("traces.md", "What_a_composite_opened_lies_below_it")]
    [InlineData("graphs.md", "A_run_gives_nodes_their_states")]
    [InlineData("graphs.md", "Mermaid_shows_bodies_as_groups_and_keeps_off_reserved_words")]
    [InlineData("graphs.md", "Dot_shows_the_same_graph")]
    [InlineData("graph-example.svg", "A_small_graph_is_drawn")]
    public void The_pages_show_real_output(string page, string verified)
    {
        var output = File.ReadAllText(Path.Combine(TestFiles.Root, "tests", "Hydra.Tests", "Tracing", verified + ".verified.txt"));
        Assert.Contains(output.TrimEnd('\n'), File.ReadAllText(Path.Combine(TestFiles.Root, "docs", page)), StringComparison.Ordinal);
    }
}
