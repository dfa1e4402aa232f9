using System.Globalization;

namespace Hydra.Model;

/// <summary>The types of run inputs and the values that fit them.</summary>
public static class InputTypes
{
    public static string NameOf(InputType type) => WorkflowFields.InputTypes[(int)type];

    public static bool Fits(InputType type, Value value) => type switch
    {
        InputType.String => value.IsText,
        InputType.Integer => value.Kind == ValueKind.Integer,
        InputType.Number => value.IsNumeric,
        InputType.Boolean => value.Kind == ValueKind.Boolean,
        InputType.Array => value.IsList,
        _ => value.IsObject,
    };

    /// <summary>A value of the declared type; false where it cannot be read as one.</summary>
    /// <param name="isText">The value is text that says a value of the type (<c>3</c>, <c>true</c>, <c>[1, 2]</c>); else it must be of the type.</param>
    public static bool TryCoerce(InputType type, Value given, bool isText, out Value value)
    {
        value = given;
        if (!isText)
        {
            if (type == InputType.Integer && value.Kind == ValueKind.Number && value.AsNumber == Math.Floor(value.AsNumber) && Math.Abs(value.AsNumber) < 9e18)
                value = Value.Of((long)value.AsNumber);
            return Fits(type, value);
        }
        var text = value.AsText;
        switch (type)
        {
            case InputType.String:
                return true;
            case InputType.Integer when long.TryParse(text.Trim(), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var whole):
                value = Value.Of(whole);
                return true;
            case InputType.Number when double.TryParse(text.Trim(), NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number):
                value = long.TryParse(text.Trim(), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var exact) ? Value.Of(exact) : Value.Of(number);
                return true;
            case InputType.Boolean:
                var word = text.Trim().ToLowerInvariant();
                value = Value.Of(word is "true" or "yes" or "on" or "1");
                return word is "true" or "yes" or "on" or "1" or "false" or "no" or "off" or "0";
            case InputType.Array or InputType.Object:
                return ValueJson.TryParse(text, out value) && Fits(type, value);
            default:
                return false;
        }
    }
}
