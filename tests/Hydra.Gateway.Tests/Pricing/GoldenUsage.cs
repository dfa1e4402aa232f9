namespace Hydra.Gateway.Tests.Pricing;

/// <summary>
/// A payload as a provider sends it, with what it costs. The rates are those of the price table, in US dollars per 1,000,000 tokens; the
/// arithmetic was done by hand, class by class, and <see cref="Usd"/> is its sum divided by 1,000,000.
/// </summary>
/// <param name="Provider">Kind of the account.</param>
/// <param name="Answer">The whole answer, or of embeddings the answer without its vectors.</param>
/// <param name="Arithmetic">Count times rate for each class that was used.</param>
internal sealed record GoldenUsage(string Name, string Provider, string Model, string Answer, string Arithmetic, decimal Usd);

/// <summary>Each provider with its cache, its reasoning, its tiers by length and its classes of service.</summary>
internal static class GoldenUsages
{
    public static IReadOnlyList<GoldenUsage> All { get; } =
    [
        // OpenAI chat: gpt-5 1.25/10, cached 0.125; flex halves it, priority doubles it. The prompt contains the cached, the completion the reasoning.
        Chat("plain", "openai", "gpt-5", """{"prompt_tokens":1000,"completion_tokens":200,"total_tokens":1200}""", "1000*1.25 + 200*10", 0.00325m),
        Chat("cache and reasoning", "openai", "gpt-5", """{"prompt_tokens":1000,"completion_tokens":200,"total_tokens":1200,"prompt_tokens_details":{"cached_tokens":600},"completion_tokens_details":{"reasoning_tokens":150}}""", "400*1.25 + 600*0.125 + 50*10 + 150*10", 0.002575m),
        Chat("odd cents", "openai", "gpt-5", """{"prompt_tokens":7,"completion_tokens":3,"total_tokens":10,"prompt_tokens_details":{"cached_tokens":1}}""", "6*1.25 + 1*0.125 + 3*10", 0.000037625m),
        Chat("flex", "openai", "gpt-5", """{"prompt_tokens":1000,"completion_tokens":200,"total_tokens":1200,"prompt_tokens_details":{"cached_tokens":600}}""", "400*0.625 + 600*0.0625 + 200*5", 0.0012875m, "flex"),
        Chat("priority", "openai", "gpt-5", """{"prompt_tokens":1000,"completion_tokens":200,"total_tokens":1200,"prompt_tokens_details":{"cached_tokens":600}}""", "400*2.5 + 600*0.25 + 200*20", 0.00515m, "priority"),
        Chat("batch", "openai", "gpt-4o", """{"prompt_tokens":1000,"completion_tokens":200,"total_tokens":1200}""", "1000*1.25 + 200*5", 0.00225m, "batch"),
        Chat("default is the usual class", "openai", "gpt-5", """{"prompt_tokens":8,"completion_tokens":2,"total_tokens":10}""", "8*1.25 + 2*10", 0.00003m, "default"),
        Chat("long prompt", "openai", "gpt-5.4", """{"prompt_tokens":272001,"completion_tokens":1000,"total_tokens":273001,"prompt_tokens_details":{"cached_tokens":72001}}""", "200000*5 + 72001*0.5 + 1000*22.5", 1.0585005m),
        Chat("at the edge of the tier", "openai", "gpt-5.4", """{"prompt_tokens":272000,"completion_tokens":1000,"total_tokens":273000}""", "272000*2.5 + 1000*15", 0.695m),
        Chat("sound", "openai", "gpt-4o-audio-preview", """{"prompt_tokens":100,"completion_tokens":50,"total_tokens":150,"prompt_tokens_details":{"audio_tokens":40},"completion_tokens_details":{"audio_tokens":20}}""", "60*2.5 + 40*40 + 30*10 + 20*80", 0.00365m),
        Chat("Azure", "azure", "gpt-5", """{"prompt_tokens":1000,"completion_tokens":200,"total_tokens":1200,"prompt_tokens_details":{"cached_tokens":600},"completion_tokens_details":{"reasoning_tokens":150}}""", "400*1.25 + 600*0.125 + 50*10 + 150*10", 0.002575m),
        Chat("DeepSeek's cache", "deepseek", "deepseek-chat", """{"prompt_tokens":1000,"completion_tokens":100,"total_tokens":1100,"prompt_cache_hit_tokens":640,"prompt_cache_miss_tokens":360}""", "360*0.28 + 640*0.028 + 100*0.42", 0.00016072m),
        Chat("xAI's reasoning beyond the completion; no rate for its cache is known", "xai", "grok-4", """{"prompt_tokens":500,"completion_tokens":20,"total_tokens":820,"prompt_tokens_details":{"cached_tokens":100},"completion_tokens_details":{"reasoning_tokens":300}}""", "400*3 + 100*3 + 20*15 + 300*15", 0.0063m),

        Responses("cache and reasoning", "gpt-5", """{"input_tokens":1000,"input_tokens_details":{"cached_tokens":600},"output_tokens":200,"output_tokens_details":{"reasoning_tokens":150},"total_tokens":1200}""", "400*1.25 + 600*0.125 + 50*10 + 150*10", 0.002575m),
        Responses("priority", "gpt-5.4", """{"input_tokens":1000,"input_tokens_details":{"cached_tokens":400},"output_tokens":100,"total_tokens":1100}""", "600*5 + 400*0.5 + 100*30", 0.0062m, "priority"),
        Responses("batch", "gpt-5.4", """{"input_tokens":1000,"output_tokens":100,"total_tokens":1100}""", "1000*1.25 + 100*7.5", 0.002m, "batch"),
        Responses("long prompt", "gpt-5.4", """{"input_tokens":300000,"input_tokens_details":{"cached_tokens":100000},"output_tokens":1000,"total_tokens":301000}""", "200000*5 + 100000*0.5 + 1000*22.5", 1.0725m),

        // Anthropic: 3/15, read 0.3, write 3.75 for 5 minutes and 6 for an hour; over 200,000 of prompt in all, cache included, double (output 22.5).
        Messages("plain", "claude-sonnet-4-5", """{"input_tokens":10,"output_tokens":3}""", "10*3 + 3*15", 0.000075m),
        Messages("read and written", "claude-sonnet-4-5", """{"input_tokens":10,"cache_creation_input_tokens":2,"cache_read_input_tokens":5,"output_tokens":3}""", "10*3 + 2*3.75 + 5*0.3 + 3*15", 0.000084m),
        Messages("both lives and thinking", "claude-sonnet-4-5", """{"input_tokens":10,"cache_creation_input_tokens":700,"cache_read_input_tokens":0,"cache_creation":{"ephemeral_5m_input_tokens":200,"ephemeral_1h_input_tokens":500},"output_tokens":100,"output_tokens_details":{"thinking_tokens":60}}""", "10*3 + 200*3.75 + 500*6 + 40*15 + 60*15", 0.00528m),
        Messages("long context by its cache", "claude-sonnet-4-5", """{"input_tokens":100000,"cache_creation_input_tokens":1000,"cache_read_input_tokens":150000,"output_tokens":100}""", "100000*6 + 1000*7.5 + 150000*0.6 + 100*22.5", 0.69975m),
        Messages("searches", "claude-sonnet-4-5", """{"input_tokens":1000,"output_tokens":100,"server_tool_use":{"web_search_requests":2}}""", "1000*3 + 100*15 + 2*10000", 0.0245m),
        Messages("standard tier", "claude-haiku-4-5", """{"input_tokens":1000,"cache_read_input_tokens":1000,"output_tokens":100,"service_tier":"standard"}""", "1000*1 + 1000*0.1 + 100*5", 0.0016m),
        Messages("batch", "claude-haiku-4-5", """{"input_tokens":1000,"cache_read_input_tokens":1000,"output_tokens":100,"service_tier":"batch"}""", "1000*0.5 + 1000*0.05 + 100*2.5", 0.0008m),

        // Gemini: 1.25/10, cached 0.125, over 200,000 2.5/15 and 0.25; thoughts stand beside the candidates, the cached within the prompt.
        Gemini("thoughts and cache", "gemini-2.5-pro", """{"promptTokenCount":1000,"cachedContentTokenCount":400,"candidatesTokenCount":50,"thoughtsTokenCount":150,"totalTokenCount":1200}""", "600*1.25 + 400*0.125 + 50*10 + 150*10", 0.0028m),
        Gemini("over 200,000", "gemini-2.5-pro", """{"promptTokenCount":200001,"cachedContentTokenCount":1,"candidatesTokenCount":10,"totalTokenCount":200011}""", "200000*2.5 + 1*0.25 + 10*15", 0.50015025m),
        Gemini("at 200,000", "gemini-2.5-pro", """{"promptTokenCount":200000,"candidatesTokenCount":10,"totalTokenCount":200010}""", "200000*1.25 + 10*10", 0.2501m),
        Gemini("sound", "gemini-2.5-flash", """{"promptTokenCount":1000,"promptTokensDetails":[{"modality":"TEXT","tokenCount":700},{"modality":"AUDIO","tokenCount":300}],"candidatesTokenCount":10,"thoughtsTokenCount":5,"totalTokenCount":1015}""", "700*0.3 + 300*1 + 10*2.5 + 5*2.5", 0.0005475m),
        Gemini("priority over 200,000", "gemini-3-pro-preview", """{"promptTokenCount":200001,"candidatesTokenCount":10,"totalTokenCount":200011,"trafficType":"ON_DEMAND_PRIORITY"}""", "200001*7.2 + 10*32.4", 1.4403312m),
        Gemini("batch", "gemini-3-pro-preview", """{"promptTokenCount":1000,"candidatesTokenCount":10,"totalTokenCount":1010,"trafficType":"BATCH"}""", "1000*1 + 10*6", 0.00106m),

        // Ollama counts and costs nothing on this machine.
        new("Ollama", "ollama", "llama3.2", """{"model":"llama3.2","message":{"role":"assistant","content":"Hello"},"done":true,"done_reason":"stop","prompt_eval_count":26,"eval_count":298}""", "26*0 + 298*0", 0m),

        // Bedrock in a region: a tenth dearer than global, 3.3/16.5, read 0.33, write 4.125 and 6.6.
        Bedrock("cache of both lives", "us.anthropic.claude-sonnet-4-5-20250929-v1:0", """{"inputTokens":10,"outputTokens":100,"cacheReadInputTokens":5,"cacheWriteInputTokens":700,"cacheDetails":[{"ttl":"1h","inputTokens":500},{"ttl":"5m","inputTokens":200}],"totalTokens":815}""", "10*3.3 + 5*0.33 + 200*4.125 + 500*6.6 + 100*16.5", 0.00580965m),
        Bedrock("long context", "anthropic.claude-sonnet-4-5-20250929-v1:0", """{"inputTokens":200001,"outputTokens":100,"totalTokens":200101}""", "200001*6 + 100*22.5", 1.202256m),
        Bedrock("Nova", "amazon.nova-pro-v1:0", """{"inputTokens":1000,"outputTokens":100,"totalTokens":1100}""", "1000*0.8 + 100*3.2", 0.00112m),

        Embeddings("OpenAI", "openai", "text-embedding-3-large", """{"prompt_tokens":1000,"total_tokens":1000}""", "1000*0.13", 0.00013m),
        Embeddings("Azure", "azure", "text-embedding-3-large", """{"prompt_tokens":1000,"total_tokens":1000}""", "1000*0.13", 0.00013m),
        new("Ollama embeddings", "ollama", "nomic-embed-text", """{"model":"nomic-embed-text","embeddings":[[0.5,0.25]],"prompt_eval_count":9}""", "9*0", 0m),
    ];

    private static GoldenUsage Chat(string name, string provider, string model, string usage, string arithmetic, decimal usd, string? service = null) =>
        new($"chat: {name}", provider, model, "{" + $$"""
            "id":"c1","object":"chat.completion","created":1,"model":"{{model}}",{{Tier(service)}}"choices":[{"index":0,"message":{"role":"assistant","content":"Hello"},"finish_reason":"stop"}],"usage":{{usage}}
            """ + "}", arithmetic, usd);

    private static GoldenUsage Responses(string name, string model, string usage, string arithmetic, decimal usd, string? service = null) =>
        new($"responses: {name}", "openai-responses", model, "{" + $$"""
            "id":"r1","object":"response","created_at":1,"status":"completed","model":"{{model}}",{{Tier(service)}}"output":[{"id":"m1","type":"message","role":"assistant","status":"completed","content":[{"type":"output_text","text":"Hello","annotations":[]}]}],"usage":{{usage}}
            """ + "}", arithmetic, usd);

    private static GoldenUsage Messages(string name, string model, string usage, string arithmetic, decimal usd) =>
        new($"messages: {name}", "anthropic", model, "{" + $$"""
            "id":"m1","type":"message","role":"assistant","model":"{{model}}","content":[{"type":"text","text":"Hello"}],"stop_reason":"end_turn","usage":{{usage}}
            """ + "}", arithmetic, usd);

    private static GoldenUsage Gemini(string name, string model, string usage, string arithmetic, decimal usd) =>
        new($"gemini: {name}", "gemini", model, "{" + $$"""
            "responseId":"g1","modelVersion":"{{model}}","candidates":[{"content":{"role":"model","parts":[{"text":"Hello"}]},"finishReason":"STOP"}],"usageMetadata":{{usage}}
            """ + "}", arithmetic, usd);

    private static GoldenUsage Bedrock(string name, string model, string usage, string arithmetic, decimal usd) =>
        new($"bedrock: {name}", "bedrock", model, "{" + $$"""
            "output":{"message":{"role":"assistant","content":[{"text":"Hello"}]} },"stopReason":"end_turn","usage":{{usage}}
            """ + "}", arithmetic, usd);

    private static GoldenUsage Embeddings(string name, string provider, string model, string usage, string arithmetic, decimal usd) =>
        new($"embeddings: {name}", provider, model, "{" + $$"""
            "object":"list","model":"{{model}}","data":[{"object":"embedding","index":0,"embedding":[0.5,0.25]}],"usage":{{usage}}
            """ + "}", arithmetic, usd);

    private static string Tier(string? service) => service is null ? "" : $"\"service_tier\":\"{service}\",";
}
