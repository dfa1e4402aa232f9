using Hydra.Model;
using Hydra.Templates;

namespace Hydra.Tests.Templates;

public sealed class TemplateTests
{
    private static readonly TemplateScope Scope = TemplateScope.Of(
        ("name", "Ada"), ("count", 3), ("items", Value.OfTexts(["a", "b"])), ("summary", "short"),
        ("score", ValueMap.Of(("total", 7), ("notes", "fine"))));

    private static Value Evaluate(string template) => Template.Parse(template).Evaluate(Scope, TemplateOptions.Default);
    private static string Render(string template) => Template.Parse(template).Render(Scope, TemplateOptions.Default);
    private static TemplateException Fails(string template, TemplateOptions? options = null) =>
        Assert.Throws<TemplateException>(() => Template.Parse(template).Render(Scope, options ?? TemplateOptions.Default));

    [Fact]
    public void A_single_expression_keeps_its_type()
    {
        Assert.Equal(ValueKind.Integer, Evaluate("{{ count }}").Kind);
        Assert.Equal(Value.OfTexts(["a", "b"]), Evaluate("{{ items }}\n"));
        Assert.Equal("3 ", Evaluate("{{ count }} ").AsText);
        Assert.Equal("33", Evaluate("{{ count }}{{ count }}").AsText);
        Assert.Equal("3", Render("{{ count }}"));
    }

    [Theory]
    [InlineData("count > 2", true)]
    [InlineData("{{ count > 2 }}", true)]
    [InlineData("  {{ count > 5 }}\n", false)]
    [InlineData("name == 'Ada' and not items == []", true)]
    public void An_expression_stands_bare_or_in_braces(string text, bool expected) =>
        Assert.Equal(expected, Template.ParseExpression(text).Evaluate(Scope, TemplateOptions.Default).AsBoolean);

    [Theory]
    [InlineData("")]
    [InlineData("{{ a }} and {{ b }}")]
    [InlineData("{{ a }} b")]
    [InlineData("{% if a %}b{% endif %}")]
    [InlineData("a b")]
    [InlineData("a }}")]
    public void What_is_not_one_expression_is_refused(string text) =>
        Assert.Throws<TemplateSyntaxException>(() => Template.ParseExpression(text));

    [Fact]
    public void A_constant_template_gives_the_same_text_again()
    {
        var template = Template.Parse("no tags { here }\n");
        Assert.True(template.IsConstant);
        Assert.Same(template.Render(Scope, TemplateOptions.Default), template.Render(Scope, TemplateOptions.Default));
        Assert.Equal("no tags { here }", template.Evaluate(Scope, TemplateOptions.Default).AsText);
        Assert.False(Template.Parse("{{ 1 }}").IsConstant);
        Assert.True(Template.Parse("").IsConstant);
    }

    [Fact]
    public void An_undefined_name_is_named_with_a_proposal()
    {
        var failure = Fails("line one\n  {{ sumary }}");
        Assert.Equal((TemplateErrorKind.Undefined, 2, 6, "sumary"), (failure.Kind, failure.Line, failure.Column, failure.UndefinedName));
        Assert.Equal("'sumary' is not defined. Did you mean 'summary'?", failure.Message);
    }

    [Fact]
    public void An_undefined_key_names_the_keys_there_are()
    {
        Assert.Equal("'score.totl' is not defined: the object has no key 'totl'. Did you mean 'total'?", Fails("{{ score.totl }}").Message);
        Assert.Equal("'score.verdict' is not defined: the object has no key 'verdict', only total, notes.", Fails("{{ score.verdict }}").Message);
        Assert.Equal("'score.items' is not defined: 'items' is a method; write items().", Fails("{{ score.items }}").Message);
        Assert.Equal("'items.5' is not defined: the list has 2 items, and 5 is not one of their places.", Fails("{{ items[5] }}").Message);
    }

    [Theory]
    [InlineData("{{ name", 1, 1, "The '{{' that begins here has no end. Add '}}'.")]
    [InlineData("a\n{% if x %}b", 2, 4, "The 'if' that begins here has no end. Add {% endif %}.")]
    [InlineData("{{ name|uper }}", 1, 9, "There is no filter 'uper'. Did you mean 'upper'?")]
    [InlineData("{% macro f() %}{% endmacro %}", 1, 4, "The tag 'macro' is not supported. Use {% set name %}…{% endset %} for text that comes twice.")]
    [InlineData("{% include 'x' %}", 1, 4, "The tag 'include' is not supported. Pass the text in as an input.")]
    [InlineData("{{ a && b }}", 1, 6, "The character '&' has no meaning in an expression. Write 'and'.")]
    [InlineData("{% if count = 3 %}{% endif %}", 1, 13, "'%}' is expected here, not '='. To compare, write '=='.")]
    [InlineData("{{ items.append(1) }}", 1, 10, "There is no method 'append': values do not change. Write {% set items = items + [x] %}; within a loop, keep the list in a namespace().")]
    [InlineData("{{ name|join(sep=',') }}", 1, 14, "|join has no argument 'sep': it takes d, attribute.")]
    [InlineData("{% for x in items %}{{ loop.indx }}{% endfor %}", 1, 29, "'loop' has no 'indx'. Did you mean 'index'? It has index, index0, first, last, length, revindex, revindex0, depth, depth0, previtem, nextitem and cycle().")]
    public void A_syntax_error_says_where_it_is_and_how_to_mend_it(string template, int line, int column, string message)
    {
        var failure = Assert.Throws<TemplateSyntaxException>(() => Template.Parse(template));
        Assert.Equal((message, line, column), (failure.Message, failure.Line, failure.Column));
    }

    [Fact]
    public void An_escape_is_applied_to_each_expression_and_not_to_text()
    {
        var options = TemplateOptions.Default with { Escape = value => "<" + value.ToDisplayText() + ">" };
        string Escaped(string template) => Template.Parse(template).Evaluate(Scope, options).AsText;
        Assert.Equal("echo <Ada> <3>", Escaped("echo {{ name }} {{ count }}"));
        Assert.Equal("<3>", Escaped("{{ count }}"));
        Assert.Equal("<x Ada>", Escaped("{% set t %}x {{ name }}{% endset %}{{ t }}"));
        Assert.Equal("<X ADA>", Escaped("{% filter upper %}x {{ name }}{% endfilter %}"));
        Assert.Equal("<a><b>", Escaped("{% for i in items %}{{ i }}{% endfor %}"));
    }

    [Fact]
    public void Setting_a_variable_to_an_undefined_one_is_an_error() => Assert.Equal(TemplateErrorKind.Undefined, Fails("{% set a = missing %}").Kind);

    [Theory]
    [InlineData("{{ 9223372036854775807 + 1 }}")]
    [InlineData("{{ -9223372036854775807 - 2 }}")]
    [InlineData("{{ 4611686018427387904 * 2 }}")]
    [InlineData("{{ 2 ** 63 }}")]
    [InlineData("{{ 10 ** 1000000000 }}")]
    [InlineData("{{ 10.0 ** 400 }}")]
    [InlineData("{{ '99999999999999999999'|int }}")]
    public void A_number_out_of_range_is_an_error_of_its_own(string template) => Assert.Equal(TemplateErrorKind.Overflow, Fails(template).Kind);

    [Theory]
    [InlineData("{{ name.GetType }}")]
    [InlineData("{{ name.Length }}")]
    [InlineData("{{ items.Count }}")]
    [InlineData("{{ name.__class__ }}")]
    [InlineData("{{ score['__class__'] }}")]
    [InlineData("{{ score|attr('Keys') }}")]
    [InlineData("{{ [name]|map(attribute='Length')|list }}")]
    public void Nothing_but_data_can_be_read(string template) => Assert.Equal(TemplateErrorKind.Undefined, Fails(template).Kind);

    [Fact]
    public void One_template_serves_many_threads()
    {
        var template = Template.Parse("{% for i in range(50) %}{{ i ~ name }}{{ loop.index }}{% endfor %}");
        var expected = template.Render(Scope, TemplateOptions.Default);
        Parallel.For(0, 200, _ => Assert.Equal(expected, template.Render(Scope, TemplateOptions.Default)));
    }
}
