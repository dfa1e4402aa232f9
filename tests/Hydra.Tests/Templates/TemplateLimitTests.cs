using System.Diagnostics;
using System.Text;
using Hydra.Model;
using Hydra.Templates;

namespace Hydra.Tests.Templates;

public sealed class TemplateLimitTests
{
    private const int SecondsMax = 120;   // tells a hang from an answer; it is no benchmark

    private static readonly TemplateScope Scope = TemplateScope.Of(("x", "text"), ("xs", Value.Of([1, 2, 3])));

    public static TheoryData<string> Hostile =>
    [
        "{{ range(10**9) }}",
        "{{ 'a' * 10**9 }}",
        "{{ 10**9 * 'a' }}",
        "{{ [1] * 10**9 }}",
        "{{ 'a' * 9223372036854775807 }}",
        "{{ [x, x] * 9223372036854775807 }}",
        "{% set ns = namespace(s='aa') %}{% for i in range(100) %}{% set ns.s = ns.s ~ ns.s %}{% endfor %}{{ ns.s }}",
        "{% set ns = namespace(s='aa') %}{% for i in range(100) %}{% set ns.s = ns.s + ns.s %}{% endfor %}{{ ns.s }}",
        "{% set ns = namespace(s=[1]) %}{% for i in range(100) %}{% set ns.s = ns.s + ns.s %}{% endfor %}{{ ns.s }}",
        "{% set ns = namespace(s=[1]) %}{% for i in range(100) %}{% set ns.s = [ns.s, ns.s] %}{% endfor %}{{ ns.s }}",
        "{% set ns = namespace(s=[1]) %}{% for i in range(100000) %}{% set ns.s = [ns.s] %}{% endfor %}{{ ns.s }}",
        "{% set ns = namespace(s={}) %}{% for i in range(100000) %}{% set ns.s = {'a': ns.s} %}{% endfor %}{{ ns.s }}",
        "{% for a in range(99999) %}{% for b in range(99999) %}{% for c in range(99999) %}{% endfor %}{% endfor %}{% endfor %}",
        "{% for a in range(99999) %}{% set t = 'a' * 4000000 %}{% endfor %}",
        "{% for a in range(99999) %}{{ 'a' * 4000 }}{% endfor %}",
        "{% set a = 'a' * 2000000 %}{% set b = a ~ 'b' ~ a %}{{ (a[:1999000] ~ 'b') in b }}{% for i in range(1000) %}{{ (a[:1999000] ~ 'b') in b }}{% endfor %}",
        "{{ ('a' * 100000)|replace('a', 'b' * 100000) }}",
        "{{ ('a' * 100000)|replace('', 'b' * 100000) }}",
        "{{ ('a' * 4000000)|list|join('x' * 100) }}",
        "{{ ('a' * 4000000)|map('upper')|list }}",
        "{{ 'a'|center(10**12) }}",
        "{{ 'a'.ljust(10**12) }}",
        "{{ '1'.zfill(10**12) }}",
        "{{ '%999999999d'|format(1) }}",
        "{{ 'a\nb'|indent(10**9) }}",
        "{{ [1]|batch(10**9, 0)|list }}",
        "{{ [1]|slice(10**9)|list }}",
        "{{ range(100000)|map('string')|map('center', 100000)|list }}",
        "{{ 9**9**9**9 }}",
        "{% set a = [range(1000)|list] * 1000 %}{{ a == ([range(1000)|list] * 1000) }}{{ a|tojson }}",
        "{% set a = ['a' * 1000000] * 100000 %}{{ a|sort|unique|list }}{% for i in a %}{{ (i ~ '') == (a[0] ~ '') }}{% endfor %}",
        "{{ range(100000)|sum(start=[]) }}",
        "{{ range(100000)|list|map('replace', '', 'a' * 100)|map('list')|map('reverse')|list|tojson(16) }}",
    ];

    [Theory, MemberData(nameof(Hostile))]
    public void A_hostile_template_ends_in_a_typed_error(string template)
    {
        var watch = Stopwatch.StartNew();
        var before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Throws<TemplateException>(() => Template.Parse(template).Render(Scope, TemplateOptions.Default));
        Assert.True(watch.Elapsed.TotalSeconds < SecondsMax, $"{watch.Elapsed}");
        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 512L * 1024 * 1024, $"{(GC.GetAllocatedBytesForCurrentThread() - before) >> 20} MiB");
    }

    public static TheoryData<string, string> Nested => new()
    {
        { "(", ")" }, { "[", "]" }, { "{'a':", "}" }, { "-", "" }, { "not ", "" }, { "x[", "]" }, { "x if x else ", "" }, { "x|default(", ")" },
        { "1 + ", "" }, { "1 ~ -", "" }, { "2 ** ", "" }, { "x and ", "" }, { "x or ", "" }, { "1 < ", "" }, { "[x for ", "]" }, { "+(", ")" },
    };

    [Theory, MemberData(nameof(Nested))]
    public void Deep_nesting_is_refused_without_overflowing_the_stack(string open, string close)
    {
        var text = new StringBuilder("{{ ").Insert(3, open, 50_000).Append('1').Append(string.Concat(Enumerable.Repeat(close, 50_000))).Append(" }}").ToString();
        RefusedOrRendered(text);
    }

    [Theory]
    [InlineData("{{ x", "|upper", " }}")]
    [InlineData("{{ x", ".a", " }}")]
    [InlineData("{{ x", "[0]", " }}")]
    [InlineData("{{ x", ".upper()", " }}")]
    [InlineData("{{ x", " is string", " }}")]
    [InlineData("{{ x", " if x", " }}")]
    [InlineData("", "{% if x %}", "")]
    [InlineData("", "{% for a in xs %}", "")]
    [InlineData("", "{% set a %}", "")]
    [InlineData("", "{% filter upper %}", "")]
    [InlineData("{% if x %}", "{% elif x %}", "{% endif %}")]
    [InlineData("{% set ", "(", "a = 1 %}")]
    [InlineData("", "{{", "")]
    [InlineData("", "{#", "")]
    public void Long_chains_are_refused_without_overflowing_the_stack(string start, string repeated, string end) =>
        RefusedOrRendered(start + string.Concat(Enumerable.Repeat(repeated, 50_000)) + end);

    private static void RefusedOrRendered(string text)
    {
        var thrown = Record.Exception(() => Template.Parse(text).Render(Scope, TemplateOptions.Default));
        Assert.True(thrown is null or TemplateException or TemplateSyntaxException, $"{thrown}");
    }

    [Fact]
    public void The_limits_can_be_set()
    {
        var options = TemplateOptions.Default with { StepsMax = 100, TextLengthMax = 1000, RangeLengthMax = 500 };
        TemplateErrorKind KindOf(string template) => Assert.Throws<TemplateException>(() => Template.Parse(template).Render(Scope, options)).Kind;
        Assert.Equal(TemplateErrorKind.Limit, KindOf("{{ 'a' * 1001 }}"));
        Assert.Equal(TemplateErrorKind.Limit, KindOf("{{ range(501) }}"));
        Assert.Equal(TemplateErrorKind.Limit, KindOf("{% for i in range(101) %}{% endfor %}"));
        Assert.Equal(1000, Template.Parse("{{ 'a' * 1000 }}").Render(Scope, options).Length);
    }

    [Fact]
    public void A_cancelled_evaluation_ends()
    {
        using var source = new CancellationTokenSource();
        source.Cancel();
        var options = TemplateOptions.Default with { CancellationToken = source.Token };
        Assert.Throws<OperationCanceledException>(() => Template.Parse("{% for i in range(10000) %}{{ i }}{% endfor %}").Render(Scope, options));
    }

    [Fact]
    public void A_large_document_passes_through()
    {
        var document = new string('x', 1_000_000);
        var text = Template.Parse("Summarise:\n{{ document|trim }}\nNow.").Render(TemplateScope.Of(("document", document)), TemplateOptions.Default);
        Assert.Equal(document.Length + "Summarise:\n\nNow.".Length, text.Length);
    }
}
