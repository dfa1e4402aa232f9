using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Schema;
using System.Text.Json.Serialization.Metadata;
using Hydra.Model;

namespace Hydra;

/// <summary>
/// A node whose output has the C# type <typeparamref name="T"/>. Handles are the edges: a node that takes a
/// <typeparamref name="T"/> accepts only a handle of that type, so a wrong edge does not compile.
/// </summary>
public sealed class TypedNode<T>
{
    internal TypedNode(WorkflowBuilder workflow, string id)
    {
        Workflow = workflow;
        Id = id;
    }

    internal WorkflowBuilder Workflow { get; }
    public string Id { get; }

    /// <summary>The expression that reads the output in a template: <c>{{ id }}</c>, also for ids with a hyphen.</summary>
    public string Reference => Id.Contains('-') ? $"{{{{ nodes['{Id}'].output }}}}" : $"{{{{ {Id} }}}}";

    public override string ToString() => Reference;
}

/// <summary>Typed nodes. A node that takes inputs of several types takes a handle for each.</summary>
public static class TypedNodes
{
    /// <summary>An agent at the head of the graph whose answer is a <typeparamref name="TOut"/>.</summary>
    public static TypedNode<TOut> Agent<TOut>(this WorkflowBuilder workflow, string id, Action<NodeBuilder> configure) =>
        Add<TOut>(workflow, id, "agent", [], configure);

    /// <summary>An agent that reads a <typeparamref name="TIn"/> and answers with a <typeparamref name="TOut"/>; its prompt refers to <c>from.Reference</c>.</summary>
    public static TypedNode<TOut> Agent<TIn, TOut>(this WorkflowBuilder workflow, string id, TypedNode<TIn> from, Action<NodeBuilder> configure) =>
        Add<TOut>(workflow, id, "agent", [Own(workflow, from)], configure);

    public static TypedNode<TOut> Agent<T1, T2, TOut>(this WorkflowBuilder workflow, string id, TypedNode<T1> first, TypedNode<T2> second, Action<NodeBuilder> configure) =>
        Add<TOut>(workflow, id, "agent", [Own(workflow, first), Own(workflow, second)], configure);

    /// <summary>Calls the function registered as <paramref name="function"/>, which takes a <typeparamref name="TIn"/> as its argument <c>input</c>.</summary>
    public static TypedNode<TOut> Function<TIn, TOut>(this WorkflowBuilder workflow, string id, TypedNode<TIn> from, FunctionName<TIn, TOut> function) =>
        Add<TOut>(workflow, id, "function", [Own(workflow, from)], node => node.Field("function", function.Name)
            .Field("arguments", Value.Of(ValueMap.Of(("input", from.Reference)))));

    private static string Own<T>(WorkflowBuilder workflow, TypedNode<T> from) => ReferenceEquals(from.Workflow, workflow) ? from.Id
        : throw new ArgumentException($"The node '{from.Id}' belongs to another workflow.", nameof(from));

    private static TypedNode<TOut> Add<TOut>(WorkflowBuilder workflow, string id, string type, string[] parents, Action<NodeBuilder> configure)
    {
        var node = new NodeBuilder(id, type);
        node.DependsOn(parents);
        configure(node);
        if (typeof(TOut) != typeof(string) && type == "agent") node.OutputSchema(SchemaOf<TOut>.Value);
        return workflow.Add<TOut>(node);
    }

    /// <summary>The JSON Schema of a C# type, as System.Text.Json writes it: camel case, nothing beside the known properties.</summary>
    private static class SchemaOf<T>
    {
        private static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web)
        {
            RespectNullableAnnotations = true,
            RespectRequiredConstructorParameters = true,
            NumberHandling = System.Text.Json.Serialization.JsonNumberHandling.Strict,
            TypeInfoResolver = new DefaultJsonTypeInfoResolver(),
        };

        private static readonly JsonSchemaExporterOptions Exporting = new()
        {
            TreatNullObliviousAsNonNullable = true,
            TransformSchemaNode = static (_, schema) =>
            {
                if (schema is JsonObject { } map && map.ContainsKey("properties")) map["additionalProperties"] = false;
                return schema;
            },
        };

        public static Value Value { get; } = Model.Value.ParseJson(Options.GetJsonSchemaAsNode(typeof(T), Exporting).ToJsonString());
    }
}

/// <summary>The name under which a delegate from <typeparamref name="TIn"/> to <typeparamref name="TOut"/> is registered.</summary>
public readonly record struct FunctionName<TIn, TOut>(string Name);
