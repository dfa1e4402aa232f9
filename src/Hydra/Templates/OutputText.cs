using System.Text;
using Hydra.Model;

namespace Hydra.Templates;

/// <summary>Text that is being written, never longer than the evaluation allows.</summary>
internal sealed class OutputText(Evaluation evaluation)
{
    private const int RetainedCapacityMax = 16_384;

    [ThreadStatic] private static StringBuilder? t_spare;

    private readonly StringBuilder _text = Take();
    private readonly int _lengthMax = evaluation.Options.TextLengthMax;
    private int _charged;

    public int Length => _text.Length;

    public OutputText Append(string text)
    {
        Reserve(text.Length);
        _text.Append(text);
        return this;
    }

    public OutputText Append(ReadOnlySpan<char> text)
    {
        Reserve(text.Length);
        _text.Append(text);
        return this;
    }

    public OutputText Append(char character)
    {
        Reserve(1);
        _text.Append(character);
        return this;
    }

    public OutputText Append(char character, int count)
    {
        Reserve(count);
        _text.Append(character, count);
        return this;
    }

    public OutputText Append(Value value)
    {
        if (value.TextOrNull is { } text) return Append(text);
        ValueText.Write(this, value, evaluation);
        return this;
    }

    /// <summary>The text; the writer must not be used afterwards.</summary>
    public string Finish()
    {
        var text = _text.ToString();
        if (_text.Capacity <= RetainedCapacityMax) t_spare = _text;
        return text;
    }

    private static StringBuilder Take()
    {
        var spare = t_spare;
        t_spare = null;
        return spare?.Clear() ?? new StringBuilder(256);
    }

    private void Reserve(int count)
    {
        var length = (long)_text.Length + count;
        if (length > _lengthMax) throw evaluation.Limit($"A text would be longer than {_lengthMax:N0} characters.");
        if (length - _charged < 32) return;
        evaluation.ChargeText(length - _charged);
        _charged = (int)length;
    }
}
