using Hydra.Templates;

namespace Hydra.Tests.Templates;

public sealed class TemplateReferenceTests
{
    /// <summary>Each reference as root[key][key], with ? when guarded and ?? when the variable itself is.</summary>
    private static string Of(string template) =>
        string.Join(' ', Template.Parse(template).References.Select(reference => reference.ToString().Split(' ', 2)[1]));

    [Theory]
    [InlineData("plain", "")]
    [InlineData("{{ a }} {{ b.c }}", "a b[c]")]
    [InlineData("{{ nodes['a-b'].output }}", "nodes[a-b][output]")]
    [InlineData("{{ score_a.total }}", "score_a[total]")]
    [InlineData("{{ xs[0].name }} {{ xs.1 }}", "xs[0][name] xs[1]")]
    [InlineData("{{ a[b.c].d }}", "a b[c]")]
    [InlineData("{{ a.b[1:2].c }}", "a[b]")]
    [InlineData("{{ a.b.items() }}", "a[b]")]
    [InlineData("{{ a.b|join(c) }}", "a[b] c")]
    [InlineData("{% for x in xs %}{{ x.y }}{{ loop.index }}{{ z }}{% endfor %}", "xs z")]
    [InlineData("{% for k, v in d.items() if k != skip %}{{ k }}{{ v }}{% endfor %}{{ k }}", "d skip k")]
    [InlineData("{% for x in x %}{{ x }}{% endfor %}", "x")]
    [InlineData("{% set a = a %}{{ a }}{{ b }}", "a b")]
    [InlineData("{% if c %}{% set x = 1 %}{% endif %}{{ x }}", "c")]
    [InlineData("{% set x %}{{ y }}{% endset %}{{ x }}", "y")]
    [InlineData("{% with a = b %}{{ a }}{% endwith %}{{ a }}", "b a")]
    [InlineData("{{ true }} {{ none }} {{ range(n) }} {{ namespace(a=q) }}", "n q")]
    [InlineData("{% raw %}{{ a }}{% endraw %}{# {{ b }} #}", "")]
    public void Free_variables_are_listed_with_their_paths(string template, string expected) => Assert.Equal(expected, Of(template));

    [Theory]
    [InlineData("{{ a|default('x') }}", "a??")]
    [InlineData("{{ a.b|default('x') }}", "a[b]?")]
    [InlineData("{{ a is defined }} {{ a }}", "a?? a")]
    [InlineData("{% if a is defined %}{{ a.b }}{{ c }}{% else %}{{ a }}{% endif %}", "a?? a[b]?? c a")]
    [InlineData("{% if a is not defined %}{{ a }}{% else %}{{ a }}{% endif %}", "a?? a a??")]
    [InlineData("{% if a is undefined %}x{% elif a.b %}{{ a.b }}{% endif %}", "a?? a[b]?? a[b]??")]
    [InlineData("{{ a if a is defined else b }}", "a?? a?? b")]
    [InlineData("{{ a is defined and a.b > 1 and a.c }}", "a?? a[b]?? a[c]??")]
    [InlineData("{{ a is undefined or a.b }}", "a?? a[b]??")]
    [InlineData("{% if a is defined and b is defined %}{{ a }}{{ b }}{% endif %}", "a?? b?? a?? b??")]
    [InlineData("{% if a is defined or b is defined %}{{ a }}{% endif %}", "a?? b?? a")]
    [InlineData("{% if a.b is defined %}{{ a.b.c }}{{ a.d }}{% endif %}", "a[b]? a[b][c]?? a[d]??")]
    public void A_reference_under_a_test_is_guarded(string template, string expected) => Assert.Equal(expected, Of(template));

    [Fact]
    public void A_test_of_a_key_proves_the_variable_and_not_its_other_keys()
    {
        var other = Template.Parse("{% if a.b is defined %}{{ a.d }}{% endif %}").References[1];
        Assert.True(other.IsRootGuarded);
        Assert.False(other.IsGuarded);
    }

    [Fact]
    public void A_reference_knows_its_place()
    {
        var reference = Assert.Single(Template.Parse("one\n  {{ 'x' ~ user.name }}").References);
        Assert.Equal((2, 12), (reference.Line, reference.Column));
    }
}
