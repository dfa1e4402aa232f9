using Hydra.Model;

namespace Hydra.Parsing;

/// <summary>Binds one node and those written in place inside it. Keeps what could be read when some fields could not.</summary>
internal sealed class NodeBinder(IReadOnlyDictionary<string, INodeType> types, ShapeBinder shapes)
{
    /// <summary>Most nodes in one file, those written in place included.</summary>
    public const int NodesMax = 1_000_000;

    private const string Id = "id", Type = "type", DependsOn = "depends_on";
    private static readonly Shape Parents = new Shape.ListOf(new Shape.NodeReference());
    private readonly Dictionary<string, TypeFields> _fields = new(StringComparer.Ordinal);

    /// <summary>Whether a node had to be left out because it has no id or no type.</summary>
    public bool LostNodes { get; private set; }

    public List<BoundNode> BindAll(SourceNode list)
    {
        var nodes = new List<BoundNode>(list.Items!.Count);
        foreach (var item in list.Items)
        {
            if (Bind(item, null, null) is { } node) nodes.Add(node);
        }
        return nodes;
    }

    public BoundNode? Bind(SourceNode source, string? impliedId, string? impliedType)
    {
        var problems = shapes.Problems;
        if (source.Entries is null)
        {
            problems.Error(ProblemCodes.WrongType, source.At, $"a node is {ShapeWords.Of(source)}, where a map with `id` and `type` is expected. Write '- id: …' and 'type: …'.");
            LostNodes = true;
            return null;
        }
        // (1) who it is
        var id = Name(source, Id, impliedId);
        var type = Name(source, Type, impliedType);
        if (id is null || type is null || !shapes.IsId(id, source.Get(Id)?.At ?? source.At, "`id`"))
        {
            LostNodes = true;
            return null;
        }
        var isPlanned = WorkflowFields.PlannedNodeTypes.Contains(type);
        if (!isPlanned && !types.ContainsKey(type))
        {
            problems.Error(ProblemCodes.UnknownNodeType, source.Get(Type)?.At ?? source.At,
                $"node '{id}' has the type '{ShapeWords.Clip(type)}', which does not exist.{DidYouMean.Hint(type, types.Keys.Concat(WorkflowFields.PlannedNodeTypes))} Write one of {string.Join(", ", types.Keys.Order(StringComparer.Ordinal))}.");
        }
        return BindFields(source, id, type, isChecked: !isPlanned && types.ContainsKey(type));
    }

    private BoundNode BindFields(SourceNode source, string id, string type, bool isChecked)
    {
        var known = isChecked ? FieldsOf(types[type]) : FieldsOf(null);
        var places = source.At.Line > 0 ? new Dictionary<string, SourcePosition>(source.Entries!.Count + 2, StringComparer.Ordinal) : null;
        SourcePosition PlaceOf(string path) => places is not null && places.TryGetValue(path, out var at) ? at : source.At;
        shapes.RecordPlaces(places);
        shapes.Owner = places is null ? id : null;
        var common = new ValueMap.Builder();
        var own = new ValueMap.Builder();
        var written = new ValueMap.Builder { [Id] = id, [Type] = type };
        IReadOnlyList<NodeId> parents = [];
        Dictionary<string, IReadOnlyList<NodeSpec>>? children = null;
        List<string> singles = [];
        List<string?>? meant = null;
        // (2) its fields, each against its declaration
        foreach (var entry in source.Entries!)
        {
            if (entry.Key is Id or Type)
            {
                shapes.Place(entry.Key, entry.Value);
                continue;
            }
            if (entry.Key == DependsOn)
            {
                parents = BindParents(entry.Value, written);
                continue;
            }
            if (!known.TryGet(entry.Key, out var field, out var isOwn))
            {
                if (isChecked) (meant ??= []).Add(Unknown(entry, id, type, known));
                else own[entry.Key] = entry.Value.ToValue();
                continue;
            }
            if (ShapeBinder.IsUnwritten(field, entry.Value)) continue;
            places?.TryAdd(entry.Key, entry.Value.At);
            if (!shapes.IsThere(field, entry)) continue;
            if (InPlace(field.Shape, entry.Value) is { } shape)
            {
                var folds = shapes.Folds;
                var bound = BindChildren(shape, entry.Value);
                shapes.RecordPlaces(places);
                shapes.Folds = folds;
                shapes.Owner = places is null ? id : null;
                (children ??= new(StringComparer.Ordinal))[entry.Key] = bound.ConvertAll(child => child.Spec);
                if (shape is Shape.Node) singles.Add(entry.Key);
                written[entry.Key] = shape is Shape.Node && bound.Count == 1 ? Value.Of(bound[0].Written) : Value.OfEach(bound, child => Value.Of(child.Written));
                continue;
            }
            if (!shapes.TryBind(field.Shape, entry.Value, entry.Key, out var value)) continue;
            (isOwn ? own : common)[entry.Key] = value;
            if (isOwn) written[entry.Key] = value;
        }
        // (3) what must be there
        foreach (var field in known.Required)
        {
            if (meant?.Contains(field.Name) == true) continue;
            if (source.Get(field.Name) is not { } given || ShapeBinder.IsUnwritten(field, given)) shapes.Missing(field, $"node '{id}' ({type})", source.At);
        }
        var values = common.Build();
        var policy = values.Equals(_lastPolicy.Written) ? _lastPolicy.Policy : ReadPolicy(values, PlaceOf);
        foreach (var (key, value) in values.Pairs) written[key] = PolicyReader.Normalised(key, value, policy);
        var ownFolds = shapes.Folds;
        shapes.RecordPlaces(null);
        shapes.Owner = null;
        var spec = new NodeSpec
        {
            Id = new NodeId(id),
            Type = type,
            DependsOn = parents,
            Policy = policy,
            Fields = own.Build(),
            At = source.At,
            Places = places,
            Folds = ownFolds,
        };
        if (children is not null) spec = spec with { Children = children, SingleChildren = singles };
        return new BoundNode(DetourBinder.Of(spec, types, shapes.Problems), written.Build());
    }

    /// <summary>Plans say the same of many nodes in a row: these share one policy, and with it what is made of it later.</summary>
    private (ValueMap? Written, NodePolicy Policy) _lastPolicy = (null, NodePolicy.Empty);

    private NodePolicy ReadPolicy(ValueMap values, Func<string, SourcePosition> placeOf)
    {
        var known = shapes.Problems.Problems.Count;
        var policy = PolicyReader.Read(values, placeOf, shapes.Problems);
        _lastPolicy = shapes.Problems.Problems.Count == known ? (values, policy) : (null, policy);   // problems are told at each place
        return policy;
    }

    private IReadOnlyList<NodeId> BindParents(SourceNode source, ValueMap.Builder written)
    {
        if (source.IsScalar && source.Scalar.IsNull) return [];
        if (!shapes.TryBind(Parents, source, DependsOn, out var value)) return [];
        var ids = new NodeId[value.AsList.Length];
        for (var i = 0; i < ids.Length; i++) ids[i] = new NodeId(value.AsList[i].AsText);
        if (ids.Length > 0) written[DependsOn] = Value.OfTexts(Sorted(ids));
        return ids;
    }

    /// <summary>Each id once, in ordinal order.</summary>
    private static string[] Sorted(NodeId[] ids)
    {
        if (ids.Length == 1) return [ids[0].Text];
        var once = new HashSet<string>(ids.Length, StringComparer.Ordinal);
        foreach (var id in ids) once.Add(id.Text);
        var texts = new string[once.Count];
        once.CopyTo(texts);
        Array.Sort(texts, StringComparer.Ordinal);
        return texts;
    }

    private List<BoundNode> BindChildren(Shape shape, SourceNode source)
    {
        if (shape is Shape.Nodes) return BindAll(source);
        var implied = (Shape.Node)shape;
        return Bind(source, implied.ImpliedId, implied.ImpliedType) is { } child ? [child] : [];
    }

    /// <summary>The alternative that holds nodes and fits what is written; null where the field holds data.</summary>
    private static Shape? InPlace(Shape shape, SourceNode source) => shape switch
    {
        Shape.Node when source.Entries is not null => shape,
        Shape.Nodes when source.Items is not null => shape,
        Shape.OneOf oneOf => oneOf.Alternatives.Select(alternative => InPlace(alternative, source)).FirstOrDefault(found => found is not null),
        _ => null,
    };

    private string? Name(SourceNode source, string field, string? implied)
    {
        var written = source.Get(field);
        if (written is { IsScalar: true } && !written.Scalar.IsNull && written.Scalar.Kind != ValueKind.Boolean)
            return written.Scalar.TextOrNull ?? written.Written ?? written.Scalar.ToJson();
        if (written is null && implied is not null) return implied;
        if (written is null or { IsScalar: true, Scalar.IsNull: true })
        {
            var who = field == Type && source.Get(Id)?.Scalar.TextOrNull is { } id ? $"node '{ShapeWords.Clip(id)}'" : "a node";
            var near = source.Entries!.Select(entry => entry.Key).Where(key => key is not (Id or Type)).ToList();
            var hint = DidYouMean.Nearest(field, near) is { } typo ? $" Is '{typo}' meant to be '{field}'?" : "";
            shapes.Problems.Error(ProblemCodes.MissingField, source.At, $"{who} has no `{field}`.{hint} Add '{field}: …'.");
        }
        else
        {
            shapes.Problems.Error(ProblemCodes.WrongType, written.At, $"`{field}` is {ShapeWords.Of(written)}, where text is expected. Put it in quotes.");
        }
        return null;
    }

    /// <returns>The field that was meant, if one is near: it is not reported as missing, too.</returns>
    private string? Unknown(SourceEntry entry, string id, string type, TypeFields known)
    {
        var owner = types.Values.Where(other => other.Fields.Any(field => field.Name == entry.Key)).Select(other => $"`{other.Name}`").ToList();
        if (DidYouMean.Nearest(entry.Key, known.Names) is null && owner.Count is > 0 and <= 4)
        {
            shapes.Problems.Error(ProblemCodes.UnknownField, entry.KeyAt,
                $"node '{id}' of type `{type}` has no field '{entry.Key}', which belongs to {string.Join(", ", owner)}. Remove it, or change the type.");
            return null;
        }
        return shapes.Unknown(entry, $"node '{id}' of type `{type}`", known.Names);
    }

    private TypeFields FieldsOf(INodeType? type)
    {
        var name = type?.Name ?? "";
        if (!_fields.TryGetValue(name, out var fields)) _fields[name] = fields = new TypeFields(type?.Fields ?? []);
        return fields;
    }

    /// <summary>The fields of one node type, its own before those of every node.</summary>
    private sealed class TypeFields
    {
        private readonly Dictionary<string, (Field Field, bool IsOwn)> _byName = new(StringComparer.Ordinal);

        public TypeFields(IReadOnlyList<Field> own)
        {
            foreach (var field in CommonFields.All) _byName[field.Name] = (field, false);
            foreach (var field in own) _byName[field.Name] = (field, true);
            Required = own.Where(field => field.IsRequired).ToList();
        }

        public IReadOnlyList<Field> Required { get; }
        public IEnumerable<string> Names => _byName.Keys.Prepend(DependsOn).Prepend(Type).Prepend(Id);

        public bool TryGet(string name, out Field field, out bool isOwn)
        {
            var isKnown = _byName.TryGetValue(name, out var found);
            (field, isOwn) = found;
            return isKnown;
        }
    }
}

/// <summary>A node with the value that stands for it in <see cref="WorkflowSpec.Written"/>.</summary>
internal sealed record BoundNode(NodeSpec Spec, ValueMap Written);
