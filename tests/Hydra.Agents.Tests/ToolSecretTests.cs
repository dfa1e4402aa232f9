using Hydra.Templates;

namespace Hydra.Agents.Tests;

/// <summary>Secrets that a declaration names and does not hold.</summary>
public sealed class ToolSecretTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("hydra-").FullName;
    private readonly string _elsewhere = Directory.CreateTempSubdirectory("hydra-").FullName;
    private static ITemplateScope Environment => TemplateScope.Of(("env", ValueMap.Of(("TOKEN", "owl-1"))));

    public void Dispose()
    {
        Directory.Delete(_folder, recursive: true);
        Directory.Delete(_elsewhere, recursive: true);
    }

    private string Filled(string value) => ToolSecrets.Filled("the tool 't', 'key'", value, Environment, _folder);

    [Fact]
    public void A_value_is_taken_from_where_it_is_said_to_lie()
    {
        File.WriteAllText(Path.Combine(_folder, "key.txt"), "owl-2\n");
        Assert.Equal(["owl-1", "Bearer owl-1", "owl-2", "plain: text"], new[] { "env:TOKEN", "Bearer {{ env.TOKEN }}", "file:key.txt", "plain: text" }.Select(Filled));
    }

    [Fact]
    public void What_may_not_be_read_is_refused_without_a_word_of_it()
    {
        var secret = Path.Combine(_elsewhere, "key.txt");
        File.WriteAllText(secret, "owl-3");
        File.CreateSymbolicLink(Path.Combine(_folder, "link.txt"), secret);
        File.WriteAllText(Path.Combine(_folder, "large.txt"), new string('x', 70_000));
        (string Value, ErrorCode Code, string Said)[] refused =
        [
            ("env:OTHER", ErrorCode.BadRequest, "'OTHER' is not set, or not in `allow_env`"),
            ($"file:{secret}", ErrorCode.PolicyDenied, "neither under the working directory nor in /run/secrets"),
            ("file:link.txt", ErrorCode.PolicyDenied, "neither under the working directory"),
            ("file:none.txt", ErrorCode.BadRequest, "'none.txt' cannot be read"),
            ("file:large.txt", ErrorCode.BadRequest, "more than 65536 bytes"),
            ("file:", ErrorCode.BadRequest, "names no file"),
        ];
        foreach (var (value, code, said) in refused)
        {
            var failed = Assert.Throws<CallFailedException>(() => Filled(value));
            Assert.Equal(code, failed.Code);
            Assert.Contains(said, failed.Message, StringComparison.Ordinal);
            Assert.StartsWith("the tool 't', 'key': ", failed.Message, StringComparison.Ordinal);
            Assert.DoesNotContain("owl-", failed.Message, StringComparison.Ordinal);
        }
    }
}
