namespace Hydra.Tests.Parsing.Genesis;

public class GenesisSchemaTests
{
    [Fact]
    public void A_file_with_every_part_of_the_original_model_is_valid() => Assert.Empty(GenesisFiles.Invalid(GenesisFiles.Documented));

    [Theory]
    [InlineData("<framework>Express</framework>", "")]
    [InlineData("<dependency><from>schema</from><to>api</to></dependency>", "")]
    [InlineData("<task id=\"docs\">", "<task id=\"api\">")]
    [InlineData("</statusHistory>\n      </task>", "</statusHistory>\n      <h:timeout_seconds xmlns:h='urn:hydra:genesis:1'>60</h:timeout_seconds></task>")]
    public void What_the_original_accepts_or_lacks_is_valid(string from, string to) => Assert.Empty(GenesisFiles.Invalid(Changed(from, to)));

    [Theory]
    [InlineData("<name>API</name>", "")]
    [InlineData("<status>planning</status>", "<status>in_progress</status>")]
    [InlineData("2026-01-31T09:30:00+01:00", "yesterday")]
    [InlineData("<task id=\"api\">", "<task id=\"api\" status=\"pending\">")]
    [InlineData("level=\"1\"", "level=\"one\"")]
    [InlineData("<auditLog><events>", "<auditLog><logEntry/><events>")]
    [InlineData("<summary>done</summary>", "done<summary>done</summary>")]
    [InlineData("</statusHistory>\n      </task>", "</statusHistory>\n      <h:timeout_seconds xmlns:h='urn:hydra:genesis:1'>soon</h:timeout_seconds></task>")]
    public void Broken_files_are_not_valid(string from, string to) => Assert.NotEmpty(GenesisFiles.Invalid(Changed(from, to)));

    private static string Changed(string from, string to)
    {
        Assert.Contains(from, GenesisFiles.Documented);
        return GenesisFiles.Documented.Replace(from, to, StringComparison.Ordinal);
    }
}
