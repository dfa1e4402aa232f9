using Hydra.Model;
using Hydra.Templates;

namespace Hydra.Tests.Templates;

/// <summary>Templates of another language and strings chosen to break programs: tests/data says where they come from.</summary>
public sealed class TemplateSafetyTests
{
    private static string Data(string path) => Path.Combine(AppContext.BaseDirectory, "data", path);

    public static TheoryData<string> LiquidCases => [.. File.ReadAllLines(Data("liquid-golden/cases.jsonl")).Where(line => line.Length > 0)];

    public static TheoryData<string> Naughty => [.. Value.ParseJson(File.ReadAllText(Data("naughty-strings/blns.json"))).Items.Select(item => item.AsText)];

    [Theory, MemberData(nameof(LiquidCases), DisableDiscoveryEnumeration = true)]
    public void A_liquid_template_renders_or_is_refused_with_a_typed_error(string line)
    {
        var fields = Value.ParseJson(line).AsObject;
        var scope = new TemplateScope(fields.GetOrNull("data") is { IsObject: true } data ? data.AsObject : ValueMap.Empty);
        var before = GC.GetAllocatedBytesForCurrentThread();
        var thrown = Record.Exception(() => Template.Parse(fields["template"].AsText).Render(scope, TemplateOptions.Default));
        Assert.True(thrown is null or TemplateException or TemplateSyntaxException, $"{thrown}");
        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 64L * 1024 * 1024);
    }

    [Theory, MemberData(nameof(Naughty), DisableDiscoveryEnumeration = true)]
    public void A_naughty_string_as_data_comes_back_unchanged(string text)
    {
        var scope = TemplateScope.Of(("text", text), ("list", Value.OfTexts([text])), ("map", ValueMap.Of((text, text))));
        string Render(string template) => Template.Parse(template).Render(scope, TemplateOptions.Default);
        Assert.Equal(text, Render("{{ text }}"));
        Assert.Equal($"<{text}>", Render("<{{ text }}>"));
        Assert.Equal(text, Render("{% for t in list %}{{ t }}{% endfor %}"));
        Assert.Equal(text, Render("{{ map[text] }}"));
        Assert.Equal(text, Render("{{ text|tojson|fromjson }}"));
        Assert.Equal(text, Render("{{ text|list|join }}"));
        Assert.Equal(text, Render("{% set t %}{{ text }}{% endset %}{{ t }}"));
        Assert.Equal(text, Value.ParseJson(Render("{{ list }}")).Items[0].AsText);
    }

    [Theory, MemberData(nameof(Naughty), DisableDiscoveryEnumeration = true)]
    public void A_naughty_string_as_template_or_expression_renders_or_is_refused(string text)
    {
        foreach (var template in (string[])[text, "{{ " + text + " }}", "{% " + text + " %}", "{{ '" + text + "' }}", "{{ a|" + text + " }}"])
        {
            var thrown = Record.Exception(() => Template.Parse(template).Render(TemplateScope.Empty, TemplateOptions.Default));
            Assert.True(thrown is null or TemplateException or TemplateSyntaxException, $"{thrown}");
        }
    }
}
