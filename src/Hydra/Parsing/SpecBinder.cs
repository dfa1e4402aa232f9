using Hydra.Model;
using Hydra.Policies;

namespace Hydra.Parsing;

/// <summary>
/// Turns a source tree from any door into a <see cref="WorkflowSpec"/>, with every problem of shape at once. Never throws
/// for what an author may write.
/// </summary>
public static class SpecBinder
{
    /// <summary>The workflow, as far as it could be read; null where it is no workflow, or a node has no id or type. Not to be run while there are errors.</summary>
    public static WorkflowSpec? Bind(SourceNode root, IReadOnlyDictionary<string, INodeType> types, ProblemList problems) =>
        new Binding(types, problems).Bind(root);

    private sealed class Binding(IReadOnlyDictionary<string, INodeType> types, ProblemList problems)
    {
        private readonly ShapeBinder _shapes = new(problems);
        private readonly ValueMap.Builder _written = new();
        private readonly Dictionary<string, SourcePosition> _places = new(StringComparer.Ordinal);
        private readonly List<string?> _meant = [];
        private readonly Dictionary<string, Value> _values = new(StringComparer.Ordinal);

        public WorkflowSpec? Bind(SourceNode root)
        {
            if (root.Entries is null)
            {
                var what = root.IsScalar && root.Scalar.IsNull ? "the file is empty" : $"the file holds {ShapeWords.Of(root)}";
                problems.Error(ProblemCodes.NotAWorkflow, root.At, $"{what}, where a workflow is expected. Begin with 'name: …' and 'nodes:'.");
                return null;
            }
            // (1) the fields of the file, each against its declaration
            foreach (var entry in root.Entries)
            {
                _places.TryAdd(entry.Key, entry.KeyAt);
                BindField(entry);
            }
            foreach (var field in WorkflowFields.All)
            {
                if (!field.IsRequired || _meant.Contains(field.Name)) continue;
                if (root.Get(field.Name) is not { } written || (written.IsScalar && written.Scalar.IsNull)) _shapes.Missing(field, "the workflow", root.At);
            }
            // (2) the nodes
            var nodes = BindNodes(root, out var isWhole);
            if (!isWhole || !_values.TryGetValue("name", out var name)) return null;
            _written["nodes"] = Value.OfEach(nodes, node => Value.Of(node.Written));
            // (3) the typed record
            var defaults = Get("defaults").IsObject ? Get("defaults").AsObject : ValueMap.Empty;
            var (common, ofModels) = Split(defaults);
            var places = root.Get("defaults")?.At ?? root.At;
            var policy = PolicyReader.Read(common, _ => places, problems);
            if (defaults.Count > 0)
                _written["defaults"] = Value.Of(ValueMap.Of(defaults.Select(pair => KeyValuePair.Create(pair.Key, PolicyReader.Normalised(pair.Key, pair.Value, policy)))));
            var spec = new WorkflowSpec
            {
                Name = name.AsText,
                Description = Get("description").TextOrNull,
                Version = Get("version").TextOrNull,
                Inputs = Inputs(root),
                Budget = PolicyReader.Budget(Get("budget")),
                Defaults = policy,
                DefaultFields = ofModels,
                Models = Models(root),
                Agents = Get("agents").IsObject ? Get("agents").AsObject.ToDictionary(pair => pair.Key, pair => pair.Value, StringComparer.Ordinal) : [],
                Nodes = nodes.ConvertAll(node => node.Spec),
                Outputs = Outputs(root),
                Tags = PolicyReader.TextMap(Get("tags")) ?? new Dictionary<string, string>(),
                Breakers = Breakers(),
                AllowEnv = AllowEnv(),
                Policy = Policy(root),
                Extensions = Carried(),
                File = problems.File,
                Places = _places,
            };
            return CanonicalForm.Seal(spec, _written.Build());
        }

        /// <summary>The defaults for every node, and those for nodes that call models.</summary>
        private static (ValueMap Common, ValueMap OfModels) Split(ValueMap defaults)
        {
            var (common, ofModels) = (new ValueMap.Builder(), new ValueMap.Builder());
            foreach (var (key, value) in defaults.Pairs) (WorkflowFields.ModelDefaults.Any(field => field.Name == key) ? ofModels : common)[key] = value;
            return (common.Build(), ofModels.Build());
        }

        private Value Get(string field) => _values.GetValueOrDefault(field);

        private void BindField(SourceEntry entry)
        {
            if (entry.Key == "nodes") return;
            var field = WorkflowFields.All.FirstOrDefault(known => known.Name == entry.Key);
            if (field is null)
            {
                var isNodeField = CommonFields.All.Any(known => known.Name == entry.Key) || entry.Key == "depends_on";
                if (isNodeField) problems.Error(ProblemCodes.UnknownField, entry.KeyAt, $"the workflow has no field '{entry.Key}', which belongs to nodes. Move it into a node, or under `defaults` for all of them.");
                else _meant.Add(_shapes.Unknown(entry, "the workflow", WorkflowFields.All.Select(known => known.Name)));
                return;
            }
            if (ShapeBinder.IsUnwritten(field, entry.Value) || !_shapes.IsThere(field, entry)) return;
            if (!_shapes.TryBind(field.Shape, entry.Value, entry.Key, out var value)) return;
            _values[entry.Key] = value;
            _written[entry.Key] = value;
        }

        private List<BoundNode> BindNodes(SourceNode root, out bool isWhole)
        {
            isWhole = false;
            if (root.Get("nodes") is not { } list || (list.IsScalar && list.Scalar.IsNull)) return [];
            if (list.Items is null)
            {
                problems.Error(ProblemCodes.WrongType, list.At, $"`nodes` is {ShapeWords.Of(list)}, where a list of nodes is expected. Write each node as '- id: …'.");
                return [];
            }
            if (list.Items.Count == 0)
            {
                problems.Error(ProblemCodes.MissingField, list.At, "`nodes` is an empty list, and a workflow needs at least one node. Add one: '- id: …'.");
                return [];
            }
            if (list.Items.Count > NodeBinder.NodesMax)
            {
                problems.Error(ProblemCodes.TooManyNodes, list.At, $"the workflow has {list.Items.Count} nodes, and at most {NodeBinder.NodesMax} are allowed. Fan out with `map` over data.");
                return [];
            }
            var binder = new NodeBinder(types, _shapes);
            var nodes = binder.BindAll(list);
            isWhole = !binder.LostNodes;
            return nodes;
        }

        private Dictionary<string, InputSpec>? Inputs(SourceNode root)
        {
            if (root.Get("inputs") is not { Entries: not null } || !_values.ContainsKey("inputs")) return root.Get("inputs")?.Entries is null ? null : [];
            var inputs = new Dictionary<string, InputSpec>(StringComparer.Ordinal);
            var canonical = new ValueMap.Builder();
            foreach (var (name, value) in Get("inputs").AsObject.Pairs)
            {
                var map = value.AsObject;
                var hasDefault = map.TryGetValue("default", out var byDefault) && !(byDefault.IsNull && !map.ContainsKey("required"));
                var type = WorkflowFields.InputTypes.ToList().IndexOf(map.GetOrNull("type").TextOrNull ?? "string");
                var isRequired = map.TryGetValue("required", out var required) ? required.AsBoolean && !hasDefault : !map.ContainsKey("default");
                inputs[name] = new InputSpec
                {
                    Type = (InputType)type,
                    IsRequired = isRequired,
                    Default = map.TryGetValue("default", out var given) ? given : (Value?)null,
                    Description = map.GetOrNull("description").TextOrNull,
                    Schema = map.TryGetValue("schema", out var schema) ? schema : (Value?)null,
                    Labels = PolicyReader.ReadLabels(map.GetOrNull("labels")) ?? default,
                    At = root.Get("inputs")!.Entries!.First(entry => entry.Key == name).KeyAt,
                };
                canonical[name] = Value.Of(map.With("type", WorkflowFields.InputTypes[type]).With("required", isRequired));
            }
            _written["inputs"] = Value.Of(canonical.Build());
            return inputs;
        }

        private Dictionary<string, ModelAliasSpec> Models(SourceNode root)
        {
            var models = new Dictionary<string, ModelAliasSpec>(StringComparer.Ordinal);
            if (!Get("models").IsObject) return models;
            var canonical = new ValueMap.Builder();
            foreach (var (alias, value) in Get("models").AsObject.Pairs)
            {
                var at = root.Get("models")!.Entries!.First(entry => entry.Key == alias).KeyAt;
                var map = value.IsObject ? value.AsObject : ValueMap.Of(("model", value.IsText ? value : value.Items.Count > 0 ? value.Items[0] : ""));
                if (value.IsList)
                {
                    if (value.Items.Count == 0)
                    {
                        problems.Error(ProblemCodes.MissingField, at, $"the alias '{alias}' names no model. Write the name of one.");
                        continue;
                    }
                    map = map.With("fallbacks", Value.Of(value.Items.Skip(1)));
                }
                var fallbacks = PolicyReader.TextList(map.GetOrNull("fallbacks")) ?? [];
                models[alias] = new ModelAliasSpec(map["model"].AsText, fallbacks)
                {
                    Timeout = PolicyReader.Seconds(map.GetOrNull("timeout_seconds")),
                    Temperature = map.GetOrNull("temperature") is { IsNumeric: true } temperature ? temperature.AsNumber : null,
                    MaxOutputTokens = map.GetOrNull("max_output_tokens") is { Kind: ValueKind.Integer } tokens ? tokens.AsInteger : null,
                    At = at,
                };
                canonical[alias] = Value.Of(map.With("fallbacks", Value.OfTexts(fallbacks)));
            }
            _written["models"] = Value.Of(canonical.Build());
            return models;
        }

        private List<OutputFileSpec> Outputs(SourceNode root)
        {
            if (!Get("outputs").IsObject) return [];
            var entries = root.Get("outputs")!.Entries!;
            return entries.Select(entry => new OutputFileSpec(entry.Key, new NodeId(Get("outputs").AsObject[entry.Key].AsText), entry.KeyAt) { NodeAt = entry.Value.At }).ToList();
        }

        /// <summary>What this part of Hydra does not read itself.</summary>
        private ValueMap Carried()
        {
            var carried = new ValueMap.Builder();
            foreach (var name in (ReadOnlySpan<string>)["tools", "mcp_servers"])
            {
                if (_values.TryGetValue(name, out var written)) carried[name] = written;
            }
            return carried.Build();
        }

        private Dictionary<string, BreakerSpec> Breakers()
        {
            var breakers = new Dictionary<string, BreakerSpec>(StringComparer.Ordinal);
            if (!Get("breakers").IsObject) return breakers;
            foreach (var (name, value) in Get("breakers").AsObject.Pairs) breakers[name] = PolicyReader.Breaker(value.AsObject);
            _written["breakers"] = Value.Of(ValueMap.Of(breakers.Select(pair => KeyValuePair.Create(pair.Key, PolicyReader.Canonical(pair.Value)))));
            return breakers;
        }

        private PolicySpec? Policy(SourceNode root)
        {
            if (!Get("policy").IsObject) return null;
            var rules = root.Get("policy")!.Get("rules")?.Items ?? [];
            for (var i = 0; i < rules.Count; i++) _places[$"policy.rules[{i}]"] = rules[i].At;
            RuleCheck.Check(Get("policy").AsObject, i => i < rules.Count ? rules[i].At : root.At, problems);
            return PolicyFields.Read(Get("policy").AsObject);
        }

        private IReadOnlyList<string> AllowEnv()
        {
            var names = PolicyReader.TextList(Get("allow_env")) ?? [];
            if (names.Count > 0) _written["allow_env"] = Value.OfTexts(names.Distinct().Order(StringComparer.Ordinal));
            return names;
        }
    }
}
