using Hydra.Model;
using Hydra.Templates;

namespace Hydra.Tests.Templates;

/// <summary>The table in jinja-cases: what Jinja2 itself made of each template. generate.py writes it.</summary>
public sealed class JinjaTemplateTests
{
    private static readonly string[] Lines =
        File.ReadAllLines(Path.Combine(AppContext.BaseDirectory, "Templates", "jinja-cases", "cases.jsonl"));
    private static readonly TemplateScope Scope = new(Value.ParseJson(Lines[0]).AsObject["data"].AsObject);

    public static TheoryData<string> Cases => [.. Lines.Skip(1)];

    [Theory, MemberData(nameof(Cases), DisableDiscoveryEnumeration = true)]
    public void A_template_gives_what_jinja2_gives(string line)
    {
        var fields = Value.ParseJson(line).AsObject;
        var template = fields["template"].AsText;
        if (fields.TryGetValue("expected", out var expected))
        {
            Assert.Equal(expected.AsText, Template.Parse(template).Render(Scope, TemplateOptions.Default));
            return;
        }
        var thrown = Record.Exception(() => Template.Parse(template).Render(Scope, TemplateOptions.Default));
        switch (fields["error"].AsText)
        {
            case "syntax": Assert.IsType<TemplateSyntaxException>(thrown); break;
            // What Jinja2 finds when it runs (an unknown function, a wrong argument) is sometimes known here when it is read.
            case "undefined" when thrown is TemplateException failure: Assert.Equal(TemplateErrorKind.Undefined, failure.Kind); break;
            default: Assert.True(thrown is TemplateException or TemplateSyntaxException, $"{thrown}"); break;
        }
    }

    [Fact]
    public void The_table_is_large() => Assert.True(Lines.Length > 600, $"{Lines.Length}");
}
