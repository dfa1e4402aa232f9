using System.Globalization;
using System.Text;
using System.Xml;
using Hydra.Model;

namespace Hydra.Parsing.Genesis;

/// <summary>
/// Writes a workflow as a genesis.xml that is valid under <c>rules/genesis.xsd</c> and that reads back as the same
/// definition, hash and all: what the original model has a place for stands there, every field of a node beside it in the
/// extension namespace.
/// </summary>
public static class GenesisWriter
{
    private const string Prefix = "h", Unknown = "unknown", Unstated = "Not stated.";

    /// <param name="now">The time of creation and of each task's first event.</param>
    /// <param name="vision">What the plan is for; null: its description says it.</param>
    public static string Write(WorkflowSpec spec, DateTimeOffset now, GenesisVision? vision = null)
    {
        var text = new StringBuilder();
        using (var to = XmlWriter.Create(new Utf8Text(text), new XmlWriterSettings { Indent = true, NewLineChars = "\n", NewLineHandling = NewLineHandling.Entitize }))
            new Writing(spec, now, vision ?? new GenesisVision(spec.Description ?? spec.Name), to).Write();
        return text.Append('\n').ToString();
    }

    private sealed class Utf8Text(StringBuilder text) : StringWriter(text, CultureInfo.InvariantCulture)
    {
        public override Encoding Encoding => new UTF8Encoding(encoderShouldEmitUTF8Identifier: false);
    }

    private sealed class Writing(WorkflowSpec spec, DateTimeOffset now, GenesisVision vision, XmlWriter to)
    {
        private readonly string _now = now.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture);

        public void Write()
        {
            to.WriteStartElement("projectGenesis");
            to.WriteAttributeString("version", "1.0");
            to.WriteAttributeString("xmlns", Prefix, null, GenesisNames.Extension);
            Metadata();
            Vision();
            Architecture();
            Plan();
            Workflow();
            to.WriteEndElement();
        }

        private void Metadata()
        {
            to.WriteStartElement("metadata");
            Text("projectName", spec.Name);
            Text("epicName", spec.Name);
            Text("status", "planning");
            Text("createdAt", _now);
            Text("lastUpdatedAt", _now);
            Text("version", spec.Version ?? "1.0");
            to.WriteEndElement();
        }

        private void Vision()
        {
            to.WriteStartElement("vision");
            Text("problemStatement", vision.Problem);
            Some("objectives", "objective", vision.Objectives.Count > 0 ? vision.Objectives : [vision.Problem]);
            Some("successCriteria", "criterion", vision.Criteria.Count > 0 ? vision.Criteria : ["Every task is completed."]);
            if (vision.Constraints.Count > 0) Some("constraints", "constraint", vision.Constraints);
            if (vision.Assumptions.Count > 0) Some("assumptions", "assumption", vision.Assumptions);
            to.WriteEndElement();
        }

        private void Architecture()
        {
            to.WriteStartElement("architecture");
            to.WriteStartElement("technicalStack");
            Text("language", Unstated);
            Text("framework", Unstated);
            to.WriteEndElement();
            to.WriteEndElement();
        }

        private void Plan()
        {
            to.WriteStartElement("executionPlan");
            to.WriteStartElement("executionDag");
            to.WriteStartElement("parallelSets");
            foreach (var level in Levels())
            {
                to.WriteStartElement("parallelGroup");
                to.WriteAttributeString("level", level.Key.ToString(CultureInfo.InvariantCulture));
                foreach (var node in level) Reference(node.Id.Text);
                to.WriteEndElement();
            }
            to.WriteEndElement();
            to.WriteStartElement("dependencies");
            foreach (var node in spec.Nodes)
            {
                foreach (var parent in node.DependsOn)
                {
                    to.WriteStartElement("dependency");
                    Text("from", parent.Text);
                    Text("to", node.Id.Text);
                    to.WriteEndElement();
                }
            }
            to.WriteEndElement();
            to.WriteEndElement();
            to.WriteStartElement("tasks");
            for (var i = 0; i < spec.Nodes.Count; i++) Task(spec.Nodes[i], spec.Written.AsObject["nodes"].Items[i].AsObject);
            to.WriteEndElement();
            to.WriteStartElement("statusTracker");
            to.WriteStartElement("pending");
            foreach (var node in spec.Nodes) Reference(node.Id.Text);
            to.WriteEndElement();
            foreach (var state in (string[])["inProgress", "completed", "failed"]) to.WriteElementString(state, "");
            to.WriteEndElement();
            to.WriteEndElement();
        }

        private void Task(NodeSpec node, ValueMap written)
        {
            to.WriteStartElement("task");
            to.WriteAttributeString("id", node.Id.Text);
            to.WriteAttributeString("type", GenesisNames.Extension, node.Type);
            Text("name", node.Id.Text);
            Text("description", written.GetOrNull("prompt").TextOrNull ?? written.GetOrNull("prompt_to_human").TextOrNull ?? $"A node of type {node.Type}.");
            Text("assignedAgent", written.GetOrNull("agent").TextOrNull ?? node.Type);
            var estimate = written.GetOrNull("estimate_seconds");
            var duration = estimate.IsNull ? Unknown : estimate.ToJson() + "s";
            var isExact = GenesisDuration.Seconds(duration) is { } read && read.Kind == estimate.Kind && read == estimate;
            Text("estimatedDuration", isExact ? duration : Unknown);
            if (node.DependsOn.Count > 0) Text("dependencies", string.Join(',', node.DependsOn.Select(parent => parent.Text)));
            to.WriteStartElement("statusHistory");
            to.WriteStartElement("event");
            Text("timestamp", _now);
            Text("status", "pending");
            to.WriteEndElement();
            to.WriteEndElement();
            foreach (var (field, value) in written)
            {
                if (field is "id" or "type" or "depends_on" || (field == "estimate_seconds" && isExact)) continue;
                GenesisData.Write(to, field, value);
            }
            to.WriteEndElement();
        }

        private void Workflow()
        {
            to.WriteStartElement(GenesisNames.Workflow, GenesisNames.Extension);
            foreach (var (field, value) in spec.Written.AsObject)
            {
                if (field != "nodes") GenesisData.Write(to, field, value);
            }
            to.WriteEndElement();
        }

        private IEnumerable<IGrouping<int, NodeSpec>> Levels()
        {
            var byId = spec.Nodes.DistinctBy(node => node.Id).ToDictionary(node => node.Id);
            var levels = new Dictionary<NodeId, int>();
            var left = new Stack<NodeSpec>(spec.Nodes);
            // Each node is opened once and waits below its parents: without a cycle the stack cannot hold more.
            var countMax = spec.Nodes.Sum(node => node.DependsOn.Count + 2);
            while (left.TryPop(out var node))
            {
                if (levels.ContainsKey(node.Id)) continue;
                var waiting = node.DependsOn.Where(parent => byId.ContainsKey(parent) && !levels.ContainsKey(parent)).ToList();
                if (waiting.Count == 0)
                {
                    levels[node.Id] = node.DependsOn.Where(byId.ContainsKey).Select(parent => levels[parent] + 1).DefaultIfEmpty(0).Max();
                    continue;
                }
                left.Push(node);
                if (left.Count > countMax) throw new ArgumentException("The workflow has a cycle; check it before it is written.");
                foreach (var parent in waiting) left.Push(byId[parent]);
            }
            return spec.Nodes.GroupBy(node => levels[node.Id]).OrderBy(level => level.Key);
        }

        private void Reference(string id)
        {
            to.WriteStartElement("taskRef");
            to.WriteAttributeString("id", id);
            to.WriteEndElement();
        }

        private void Some(string list, string item, IReadOnlyList<string> texts)
        {
            to.WriteStartElement(list);
            foreach (var text in texts) Text(item, text);
            to.WriteEndElement();
        }

        private void Text(string name, string text) => to.WriteElementString(name, XmlText.Plain(text));
    }
}

/// <summary>What a plan is for, in the words of its brief.</summary>
public sealed record GenesisVision(string Problem)
{
    public IReadOnlyList<string> Objectives { get; init; } = [];
    public IReadOnlyList<string> Criteria { get; init; } = [];
    public IReadOnlyList<string> Constraints { get; init; } = [];
    public IReadOnlyList<string> Assumptions { get; init; } = [];
}

/// <summary>Text for places where loss does not matter.</summary>
internal static class XmlText
{
    /// <summary>The text with a question mark for every character that XML cannot hold.</summary>
    public static string Plain(string text)
    {
        if (text.All(c => XmlConvert.IsXmlChar(c))) return text;
        var plain = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes())
        {
            if (rune.Value > char.MaxValue || XmlConvert.IsXmlChar((char)rune.Value)) plain.Append(rune.ToString());
            else plain.Append('?');
        }
        return plain.ToString();
    }
}
