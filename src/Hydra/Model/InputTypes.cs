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
}
