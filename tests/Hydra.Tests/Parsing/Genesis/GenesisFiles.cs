using System.Text;
using System.Xml;
using System.Xml.Schema;
using Hydra.Agents.Files;
using Hydra.Model;
using Hydra.Parsing;
using Hydra.Validation;

namespace Hydra.Tests.Parsing.Genesis;

/// <summary>Files, schema and short ways through the stages for the tests of genesis.xml.</summary>
internal static class GenesisFiles
{
    private static readonly Lazy<XmlSchemaSet> Schema = new(() =>
    {
        var schemas = new XmlSchemaSet { XmlResolver = new XmlUrlResolver() };
        schemas.Add(null, Path.Combine(TestFiles.Root, "rules", "genesis.xsd"));
        schemas.Compile();
        return schemas;
    });

    public static string Documented { get; } = Data("documented.xml");
    public static string Fragment { get; } = Data("fragment.xml");

    /// <summary>What the shipped schema says against a file.</summary>
    public static List<string> Invalid(string xml)
    {
        var found = new List<string>();
        var settings = new XmlReaderSettings { ValidationType = ValidationType.Schema, Schemas = Schema.Value, ValidationFlags = XmlSchemaValidationFlags.ReportValidationWarnings };
        settings.ValidationEventHandler += (_, problem) =>
        {
            // Fields that the extension does not list are data of any kind.
            var isOther = problem.Message.Contains("urn:hydra:genesis:1", StringComparison.Ordinal) || problem.Message.Contains("for the attribute", StringComparison.Ordinal);
            if (problem.Severity == XmlSeverityType.Error || !isOther) found.Add(problem.Message);
        };
        lock (Schema)
        {
            using var reader = XmlReader.Create(new StringReader(xml), settings);
            while (reader.Read()) { }
        }
        return found;
    }

    /// <summary>Names of the elements that the shipped schema declares in the extension namespace.</summary>
    public static List<string> ExtensionElements() => [.. Schema.Value.GlobalElements.Names.Cast<XmlQualifiedName>().Where(name => name.Namespace == "urn:hydra:genesis:1").Select(name => name.Name)];

    public static (WorkflowSpec? Spec, ProblemList Problems) Read(string xml)
    {
        var (spec, problems) = WorkflowParser.Parse(Encoding.UTF8.GetBytes(xml), "plan.xml", TestTypes.All);
        return (spec is null ? null : AgentLinker.Link(spec, new AgentRegistry([]), problems), problems);
    }

    public static WorkflowSpec Valid(string xml)
    {
        var (spec, problems) = Read(xml);
        Assert.Empty(TestTypes.Lines(problems));
        Assert.DoesNotContain(TestTypes.Lines(WorkflowValidator.Check(spec!, TestTypes.All)), line => !IsAdvice(line));
        return spec!;
    }

    /// <summary>Notes, and what the tools of specialists together may do: no matter of the format.</summary>
    private static bool IsAdvice(string line) => line.Contains(" note: ", StringComparison.Ordinal) || line.StartsWith("HYD282 ", StringComparison.Ordinal);

    /// <summary>Errors and warnings of both stages.</summary>
    public static string[] Problems(string xml)
    {
        var (spec, problems) = Read(xml);
        return [.. TestTypes.Lines(problems), .. spec is null ? [] : TestTypes.Lines(WorkflowValidator.Check(spec, TestTypes.All)).Where(line => !IsAdvice(line))];
    }

    private static string Data(string file) => File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "data", "genesis", file));
}
