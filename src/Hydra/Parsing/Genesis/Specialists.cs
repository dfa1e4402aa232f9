namespace Hydra.Parsing.Genesis;

/// <summary>The specialists whose names a plan may use without defining them.</summary>
public static class Specialists
{
    /// <summary>Takes a task that names nobody.</summary>
    public const string General = "rapid-prototyper";

    private static readonly HashSet<string> All = new(
    [
        "brand-guardian", "ui-designer", "ux-researcher", "visual-storyteller", "whimsy-injector",
        "ai-engineer", "ai-researcher", "backend-architect", "data-engineer", "database-wizard", "devops-automator", "frontend-developer",
        "go-backend-developer", "mobile-app-builder", "nodejs-backend-developer", "prompt-engineer", "python-backend-developer", General,
        "refactoring-specialist", "rust-backend-developer", "security-ninja", "super-hard-problem-developer", "test-writer-fixer", "typescript-node-developer",
        "app-store-optimizer", "content-creator", "growth-hacker", "instagram-curator", "reddit-community-builder", "seo-analyst", "tiktok-strategist", "twitter-engager",
        "feedback-analyst", "market-trend-analyst", "product-manager",
        "cofounder", "plan-generator", "parallel-worker", "studio-producer", "experiment-tracker", "project-shipper",
        "analytics-reporter", "finance-tracker", "infrastructure-maintainer", "legal-compliance-checker", "support-responder",
        "accessibility-auditor", "api-tester", "code-reviewer", "performance-benchmarker", "test-results-analyzer", "test-runner", "tool-evaluator", "workflow-optimizer",
        "code-analyzer", "context-fetcher", "date-checker", "file-analyzer", "file-creator", "git-workflow", "knowledge-fetcher",
        "editor", "technical-writer",
    ], StringComparer.Ordinal);

    public static IReadOnlyCollection<string> Names => All;
    public static bool Contains(string name) => All.Contains(name);
}
