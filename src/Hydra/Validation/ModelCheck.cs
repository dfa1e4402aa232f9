using Hydra.Model;

namespace Hydra.Validation;

internal static class ModelCheck
{
    /// <summary>Asks the catalogue who answers for a model; a problem where nobody does.</summary>
    public static void Resolve(IModelCatalog catalog, string model, SourcePosition at, string who, ProblemList problems)
    {
        try
        {
            catalog.Resolve(model);
        }
        catch (ModelUnavailableException missing)
        {
            problems.Error(ProblemCodes.UnknownModel, at, $"{who} uses the model '{model}': {missing.Message}");
        }
    }
}
