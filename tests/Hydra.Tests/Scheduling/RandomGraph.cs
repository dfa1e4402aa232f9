using System.Text;

namespace Hydra.Tests.Scheduling;

/// <summary>Random graphs in the notation of <see cref="TestGraph"/>. Each seed uses some of the features only, so that rare combinations come up too.</summary>
internal sealed class RandomGraph(Random random, bool undoes = false)
{
    private const int DepthMax = 3;

    private readonly StringBuilder _bodies = new();
    private int _bodyCount;

    private readonly bool _joins = random.Next(4) > 0, _retries = random.Next(2) == 0, _budgets = random.Next(3) == 0, _conflicts = random.Next(3) == 0,
        _whens = random.Next(2) == 0, _composites = random.Next(2) == 0, _fallbacks = random.Next(3) == 0, _breakers = random.Next(4) == 0, _timed = random.Next(4) == 0, _undos = random.Next(3) == 0 && undoes;

    public string Next()
    {
        var size = random.Next(5) switch { 0 or 1 => 1 + random.Next(8), 2 or 3 => 4 + random.Next(14), _ => 20 + random.Next(41) };
        return Body(size, 0) + _bodies;
    }

    private string Body(int size, int depth)
    {
        var text = new StringBuilder();
        for (var i = 0; i < size; i++)
        {
            text.Append("n").Append(i);
            var parents = i == 0 ? 0 : Math.Min(i, random.Next(4));
            var chosen = new SortedSet<int>();
            for (var p = 0; p < parents; p++) chosen.Add(random.Next(2) == 0 ? i - 1 - random.Next(Math.Min(i, 4)) : random.Next(i));
            if (chosen.Count > 0) text.Append(" <- ").AppendJoin(' ', chosen.Select(parent => $"n{parent}"));
            text.Append(" | id=").Append(i);
            Options(text, chosen.Count, depth);
            text.Append('\n');
        }
        return text.ToString();
    }

    private bool Often => random.Next(3) == 0;
    private bool Seldom => random.Next(10) == 0;

    private void Options(StringBuilder text, int parents, int depth)
    {
        if (_joins && parents > 0 && Often)
        {
            text.Append(random.Next(4) switch { 0 => " join=any", 1 => " join=all_done", 2 => $" join={1 + random.Next(parents)}", _ => " reject_degraded" });
            if (Often) text.Append(" cancel_losers");
        }
        if (_whens && Often) text.Append(random.Next(6) switch { 0 or 1 => " when=false", 2 => " when=error", _ => " when=true" });
        if (_whens && Often) text.Append(random.Next(3) switch { 0 => " on_skip=propagate", 1 => " on_skip=empty", _ => " on_skip=value" });
        if (Seldom) text.Append(" on_failure=continue");
        if (Seldom) text.Append(" priority=").Append(random.Next(5));
        if (_conflicts && Often) text.Append(" conflicts=").Append(random.Next(3) switch { 0 => "db", 1 => "disk", _ => "db,disk" });
        if (_retries && Often) text.Append($" retries={1 + random.Next(4)} backoff={random.Next(3)}{(Often ? " exponential" : "")}{(Seldom ? " max_retries=1" : "")}");
        if (_fallbacks && Often) text.Append(random.Next(3) switch { 0 => " fallback_models=m1,m2", 1 => " fallback_value=standin", _ => " escalate_to=boss" });
        if (_budgets && Often) text.Append($" tokens={200 + random.Next(1500)}{(Seldom ? " on_exceeded=degrade" : "")}{(Seldom ? " steps=2" : "")}{(Seldom ? " calls=2" : "")}");
        if (_timed && Often) text.Append(" seconds=").Append(1 + random.Next(5));
        if (Seldom) text.Append(" effect=irreversible");
        if (_undos && Often) text.Append(random.Next(4) == 0 ? " undo=irreversible" : " undo");
        if (Seldom) text.Append(_undos ? " on_unknown=compensate" : " on_unknown=retry");
        var isComposite = _composites && depth < DepthMax && random.Next(5 + (3 * depth)) == 0;
        if (!isComposite)
        {
            if (_breakers && Often) text.Append($" breaker={1 + random.Next(2)} cooldown={1 + random.Next(5)}");
            return;
        }
        var name = "b" + _bodyCount++;
        text.Append(random.Next(4) switch
        {
            0 => " nested",
            1 => $" loop={1 + random.Next(3)}",
            _ => $" map={random.Next(7)}{(Often ? "" : $" cap={1 + random.Next(3)}")}{(Often ? $" tolerate={random.Next(3)}" : "")}{(Seldom ? " stop_when" : "")}",
        }).Append(" body=").Append(name);
        var inside = Body(1 + random.Next(4), depth + 1);
        _bodies.Append(name).Append(":\n").Append(inside);
    }
}
