namespace Hydra.Tests.Tracing;

/// <summary>The workflows of these tests.</summary>
internal static class TestFlows
{
    public const string Research = """
        name: research
        inputs:
          topic: { type: string }
        tags: { team: docs }
        nodes:
          - { id: research_a, type: agent, model: gpt-x, prompt: "Research {{ topic }}" }
          - { id: research_b, type: agent, model: gpt-x, retry: { max_attempts: 2, backoff_seconds: 2 }, prompt: "History of {{ topic }}" }
          - id: synthesizer
            type: agent
            model: gpt-x
            prompt: "Join {{ research_a }} and {{ research_b }}"
            depends_on: [research_a, research_b]
        """;

    public const string Nested = """
        name: nested
        nodes:
          - { id: list, type: set, value: [a, b, c] }
          - { id: summaries, type: map, over: "{{ list }}", as: word, prompt: "Define {{ word }}", model: gpt-x, depends_on: [list] }
          - id: polish
            type: loop
            max_iterations: 3
            until: "{{ judge == 'good' }}"
            depends_on: [summaries]
            body:
              - { id: draft, type: agent, model: gpt-x, prompt: "Write {{ summaries }}" }
              - { id: judge, type: agent, model: gpt-x, prompt: "Judge {{ draft }}", depends_on: [draft] }
          - { id: end, type: set, value: "{{ polish }}", depends_on: [polish, list] }
        """;
}
