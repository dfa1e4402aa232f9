using System.Reflection;
using System.Text.RegularExpressions;
using Hydra.Model;

namespace Hydra.Tests.Parsing;

public partial class ProblemCodeTests
{
    [GeneratedRegex("HYD[1239][0-9]{2}", RegexOptions.NonBacktracking)]
    private static partial Regex Code();

    [Fact]
    public void Every_code_has_its_page_and_every_page_its_code()
    {
        var declared = Declared().Select(field => (string)field.GetRawConstantValue()!).Order().ToList();
        var pages = Directory.GetFiles(Path.Combine(TestFiles.Root, "docs", "errors"), "HYD*.md").Select(file => Path.GetFileNameWithoutExtension(file)!).Where(page => Code().IsMatch(page)).Order().ToList();
        Assert.Equal(declared, pages);
        Assert.Equal(declared.Count, declared.Distinct().Count());
    }

    [Fact]
    public void Every_code_is_used_by_its_constant_alone()
    {
        var sources = Directory.GetFiles(Path.Combine(TestFiles.Root, "src"), "*.cs", SearchOption.AllDirectories)
            .Where(file => !file.Contains("/obj/") && Path.GetFileName(file) != "ProblemCodes.cs").Select(File.ReadAllText).ToList();
        Assert.All(Declared(), field => Assert.Contains(sources, source => source.Contains($"ProblemCodes.{field.Name}", StringComparison.Ordinal)));
        Assert.DoesNotContain(sources, source => source.Split('\n').Any(line => !line.TrimStart().StartsWith("//", StringComparison.Ordinal) && Code().IsMatch(line)));
    }

    [Fact]
    public void Every_page_has_a_cause_a_fix_and_an_example()
    {
        foreach (var field in Declared())
        {
            var page = File.ReadAllText(Path.Combine(TestFiles.Root, "docs", "errors", $"{field.GetRawConstantValue()}.md"));
            Assert.All((string[])["## Cause", "## Fix", "## Example"], part => Assert.Contains(part, page));
        }
    }

    private static IEnumerable<FieldInfo> Declared() => typeof(ProblemCodes).GetFields(BindingFlags.Public | BindingFlags.Static);
}
