using System.Diagnostics;
using System.Text;
using System.Xml;
using System.Xml.Schema;
using Hydra.Agents.Files;
using Hydra.Agents.Nodes;
using Hydra.Model;
using Hydra.Nodes;
using Hydra.Parsing;
using Hydra.Parsing.Genesis;
using Hydra.Planning;
using Hydra.Validation;

namespace Hydra.Bench;

/// <summary>A blueprint of 1,000 tasks: read, checked and planned, beside .NET's own check against the schema; and a run's state written into it.</summary>
internal static class Genesis
{
    private const int Tasks = 1_000;
    /// <summary>Tasks that run at the same time, as without <c>--max-concurrent</c>.</summary>
    private const int AtOnce = 10;

    public static string Blueprint()
    {
        var plain = new StringBuilder("<projectGenesis version=\"1.0\"><metadata><projectName>p</projectName><epicName>e</epicName><status>planning</status><createdAt>2026-01-31T09:30:00Z</createdAt><lastUpdatedAt>2026-01-31T09:30:00Z</lastUpdatedAt><version>1</version></metadata>"
            + "<vision><problemStatement>p</problemStatement><objectives><objective>o</objective></objectives><successCriteria><criterion>c</criterion></successCriteria></vision>"
            + "<architecture><technicalStack><language>C#</language><framework>.NET</framework></technicalStack></architecture><executionPlan><executionDag><parallelSets>");
        for (var level = 0; level < Tasks / 50; level++)
        {
            plain.Append($"<parallelGroup level=\"{level}\">");
            for (var i = level * 50; i < (level + 1) * 50; i++) plain.Append($"<taskRef id=\"task-{i}\"/>");
            plain.Append("</parallelGroup>");
        }
        plain.Append("</parallelSets><dependencies>");
        for (var i = 50; i < Tasks; i++) plain.Append($"<dependency><from>task-{i - 50}</from><to>task-{i}</to></dependency>");
        plain.Append("</dependencies></executionDag><tasks>");
        for (var i = 0; i < Tasks; i++)
        {
            plain.Append($"<task id=\"task-{i}\"><name>Task {i}</name><description>Build the part number {i} of the system and describe what was done.</description><assignedAgent>editor</assignedAgent><estimatedDuration>30min</estimatedDuration>"
                + (i < 50 ? "" : $"<dependencies>task-{i - 50}</dependencies>") + "<statusHistory><event><timestamp>2026-01-31T09:30:00Z</timestamp><status>pending</status></event></statusHistory></task>\n");
        }
        return plain.Append("</tasks><statusTracker><pending/><inProgress/><completed/><failed/></statusTracker></executionPlan></projectGenesis>").ToString();
    }

    /// <summary>Seconds to parse, validate and plan; and to validate against the schema, compiled beforehand.</summary>
    public static (double Hydra, double Schema) Read(string xml, XmlSchemaSet schemas)
    {
        var types = NodeTypes.Of([.. NodeTypes.Core, new AgentNode()]);
        var bytes = Encoding.UTF8.GetBytes(xml);
        var begin = Stopwatch.GetTimestamp();
        var (spec, problems) = WorkflowParser.Parse(bytes, "genesis.xml", types);
        if (spec is not null) spec = AgentLinker.Link(spec, new AgentRegistry([]), problems);
        if (problems.HasErrors || WorkflowValidator.Check(spec!, types).HasErrors) throw new InvalidOperationException(problems.Problems[0].ToString());
        Planner.Plan(spec!, types);
        var hydra = Stopwatch.GetElapsedTime(begin).TotalSeconds;
        begin = Stopwatch.GetTimestamp();
        using var reader = XmlReader.Create(new MemoryStream(bytes), new XmlReaderSettings { ValidationType = ValidationType.Schema, Schemas = schemas });
        while (reader.Read()) { }
        return (hydra, Stopwatch.GetElapsedTime(begin).TotalSeconds);
    }

    public static XmlSchemaSet Schemas()
    {
        var root = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(root, "Hydra.slnx"))) root = Path.GetDirectoryName(root)!;
        var schemas = new XmlSchemaSet { XmlResolver = new XmlUrlResolver() };
        schemas.Add(null, Path.Combine(root, "rules", "genesis.xsd"));
        schemas.Compile();
        return schemas;
    }

    /// <summary>
    /// Seconds that the projection takes in a run of 1,000 tasks of a second each, ten at once: opened, then written once a
    /// second while ten tasks end and ten begin, and at the end. Timed is all that the observer does for a write, the file included.
    /// </summary>
    public static (double Seconds, double ProcessorSeconds) Project(string xml, string folder)
    {
        var path = Path.Combine(folder, "genesis.xml");
        var tasks = new TaskProjection[Tasks];
        for (var i = 0; i < Tasks; i++) tasks[i] = new TaskProjection($"task-{i}", "pending", "pending", 0, 0, 0, null, null, null, [new(1, "pending", "planned")]);
        var begin = Stopwatch.GetTimestamp();
        var processor = Environment.CpuUsage.TotalTime;
        var document = GenesisProjection.Open(Encoding.UTF8.GetBytes(xml))!;
        foreach (var task in tasks) document.Apply(task);
        for (var second = 0; second <= Tasks / AtOnce; second++)
        {
            for (var i = (second - 1) * AtOnce; i < Math.Min(Tasks, (second + 1) * AtOnce); i++)
            {
                if (i < 0) continue;
                var (status, word) = i < second * AtOnce ? ("completed", "completed") : ("in-progress", "running");
                tasks[i] = new TaskProjection(tasks[i].Node, status, word, 1, 500, 0.01m, null, null, null, [.. tasks[i].History, new(second, status, "attempt 1")]);
                document.Apply(tasks[i]);
            }
            document.Apply(new RunProjection("r", "in-progress", second, [new(1, "run-started", "Run r started.")]), tasks);
            using (var file = File.Create(path + ".part")) document.Save(file);
            File.Move(path + ".part", path, overwrite: true);
        }
        return (Stopwatch.GetElapsedTime(begin).TotalSeconds, (Environment.CpuUsage.TotalTime - processor).TotalSeconds);
    }
}
