using System.Globalization;
using System.Text;
using Hydra.Gateway.Bedrock;

namespace Hydra.Gateway.Tests;

/// <summary>
/// The signing test suite that Amazon publishes (aws-sig-v4-test-suite; key pair AKIDEXAMPLE, 2015-08-30T12:36:00Z, us-east-1,
/// service <c>service</c>).
/// </summary>
public sealed class SigV4Tests
{
    private const string Host = "example.amazonaws.com", Now = "20150830T123600Z";
    private static readonly SigV4 Signer = new("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "us-east-1", "service");

    [Theory]
    [InlineData("GET", "/", "", "", "", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31")]                                             // get-vanilla
    [InlineData("POST", "/", "", "", "", "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b")]                                            // post-vanilla
    [InlineData("GET", "/", "Param2=value2&Param1=value1", "", "", "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500")]                  // get-vanilla-query-order-key-case
    [InlineData("GET", "/", "", "my-header1:value2,value2,value1", "", "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea")]              // get-header-key-duplicate
    [InlineData("GET", "/", "", "my-header1:value4,value1,value3,value2", "", "08c7e5a9acfcfeb3ab6b2185e75ce8b1deb5e634ec47601a50643f830c755c01")]       // get-header-value-order
    [InlineData("GET", "/ሴ", "", "", "", "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85")]                                            // get-utf8
    [InlineData("GET", "/example space/", "", "", "", "652487583200325589f1fba4c7e578f72c47cb61beeca81406b39ddec1366741")]                               // get-space
    [InlineData("GET", "/-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", "", "", "", "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f")]   // get-unreserved
    [InlineData("POST", "/", "", "content-type:application/x-www-form-urlencoded", "Param1=value1", "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a")]   // post-x-www-form-urlencoded
    public void A_signature_is_the_published_one(string method, string path, string query, string header, string body, string signature)
    {
        var headers = new Dictionary<string, string>(StringComparer.Ordinal) { ["host"] = Host, ["x-amz-date"] = Now };
        if (header.Length > 0) headers[header.Split(':')[0]] = header.Split(':')[1];
        var pairs = query.Split('&', StringSplitOptions.RemoveEmptyEntries).Select(pair => pair.Split('=')).Select(pair => (pair[0], pair[1]));
        var authorization = Signer.Authorization(method, path, pairs, headers, Encoding.UTF8.GetBytes(body));
        Assert.Equal($"AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders={string.Join(';', headers.Keys.Order(StringComparer.Ordinal))}, Signature={signature}", authorization);
    }

    [Fact]
    public void The_date_is_written_as_the_suite_writes_it() =>
        Assert.Equal(Now, SigV4.Date(DateTimeOffset.Parse("2015-08-30T14:36:00+02:00", CultureInfo.InvariantCulture)));
}
