namespace Hydra.Model;

/// <summary>Every code a <see cref="Problem"/> may carry; each has its page in <c>docs/errors</c>. HYD1nn: text and shape; HYD2nn: meaning.</summary>
public static class ProblemCodes
{
    /// <summary>The file cannot be opened or read.</summary>
    public const string FileUnreadable = "HYD100";
    /// <summary>Bytes that are not UTF-8, or characters that text may not hold.</summary>
    public const string BadEncoding = "HYD101";
    /// <summary>More text than one file may hold.</summary>
    public const string FileTooLarge = "HYD102";
    /// <summary>Text that is not YAML.</summary>
    public const string BadYaml = "HYD103";
    /// <summary>A tab where YAML wants spaces.</summary>
    public const string TabIndent = "HYD104";
    /// <summary>The same key twice in one map.</summary>
    public const string DuplicateKey = "HYD105";
    /// <summary>Maps and lists nested too deep.</summary>
    public const string TooDeep = "HYD106";
    /// <summary>An alias that is unknown, holds itself, or expands to too much.</summary>
    public const string BadAlias = "HYD107";
    /// <summary>More than one YAML document in the file.</summary>
    public const string SeveralDocuments = "HYD108";
    /// <summary>A number that 64 bits cannot hold.</summary>
    public const string NumberTooLarge = "HYD109";
    /// <summary>More nodes than one file may hold.</summary>
    public const string TooManyNodes = "HYD110";
    /// <summary>The file is empty or is no map.</summary>
    public const string NotAWorkflow = "HYD111";
    /// <summary>An agent file without front matter or text, or under another agent's name.</summary>
    public const string NotAnAgent = "HYD115";
    /// <summary>A merge key whose value is no map.</summary>
    public const string BadMerge = "HYD112";
    /// <summary>A key that is not text.</summary>
    public const string BadKey = "HYD113";
    /// <summary>A YAML tag that is not supported, or that its value does not fit.</summary>
    public const string BadTag = "HYD114";
    /// <summary>A field that the format does not define.</summary>
    public const string UnknownField = "HYD120";
    /// <summary>A required field that is missing.</summary>
    public const string MissingField = "HYD121";
    /// <summary>A value of the wrong type.</summary>
    public const string WrongType = "HYD122";
    /// <summary>A value outside its range.</summary>
    public const string OutOfRange = "HYD123";
    /// <summary>A word that is none of the words allowed there.</summary>
    public const string UnknownChoice = "HYD124";
    /// <summary>A node type that does not exist.</summary>
    public const string UnknownNodeType = "HYD125";
    /// <summary>A name or id with characters that ids may not have.</summary>
    public const string BadId = "HYD126";
    /// <summary>A dagraph exception name that was mapped to an error code.</summary>
    public const string MappedException = "HYD127";
    /// <summary>An error code in retry_on that does not exist or is never retried.</summary>
    public const string UnknownErrorCode = "HYD128";
    /// <summary>A run input that does not fit its declared type or schema.</summary>
    public const string BadInput = "HYD130";
    /// <summary>A required run input that was not given.</summary>
    public const string MissingInput = "HYD131";
    /// <summary>A run input that the workflow does not take.</summary>
    public const string UnknownInput = "HYD132";
    /// <summary>Text that is not well-formed XML.</summary>
    public const string BadXml = "HYD140";
    /// <summary>XML that could define entities or fetch files.</summary>
    public const string XmlNotAllowed = "HYD141";
    /// <summary>XML that is no genesis.xml.</summary>
    public const string BadGenesis = "HYD142";
    /// <summary>A broken dialect of genesis.xml that was read as it was meant.</summary>
    public const string GenesisRepaired = "HYD143";
    /// <summary>A date in a genesis.xml that is none.</summary>
    public const string BadDate = "HYD144";
    /// <summary>Parallel sets that contradict the dependencies.</summary>
    public const string LevelContradiction = "HYD145";

    /// <summary>Two nodes with one id.</summary>
    public const string DuplicateNode = "HYD201";
    /// <summary>An id or input name that the format keeps for itself, or that is both.</summary>
    public const string ReservedName = "HYD202";
    /// <summary>A dependency on a node that the graph does not define.</summary>
    public const string UnknownDependency = "HYD203";
    /// <summary>A node that depends on itself.</summary>
    public const string SelfDependency = "HYD204";
    /// <summary>Nodes that wait for each other.</summary>
    public const string Cycle = "HYD205";
    /// <summary>A dependency listed twice.</summary>
    public const string RepeatedDependency = "HYD206";
    /// <summary>A template or expression that cannot be read.</summary>
    public const string BadTemplate = "HYD210";
    /// <summary>A variable that nothing defines.</summary>
    public const string UnknownVariable = "HYD211";
    /// <summary>A variable of a node that is not an ancestor.</summary>
    public const string NotAnAncestor = "HYD212";
    /// <summary>An edge over which no data flows.</summary>
    public const string EdgeWithoutData = "HYD213";
    /// <summary>The output of a node that may fail or skip is used without a test.</summary>
    public const string UnguardedOutput = "HYD214";
    /// <summary>A secret in a prompt.</summary>
    public const string SecretInPrompt = "HYD215";
    /// <summary>A property that the node's output schema does not have.</summary>
    public const string UnknownProperty = "HYD216";
    /// <summary>An environment variable that the file does not allow.</summary>
    public const string EnvNotAllowed = "HYD217";
    /// <summary>Templated text in a place where it would become code.</summary>
    public const string TemplateInCode = "HYD218";
    /// <summary>A gate that revises a node which does not run before it, or whose results others keep.</summary>
    public const string BadRevision = "HYD219";
    /// <summary>A join that can never fire, or that has nothing to join.</summary>
    public const string BadJoin = "HYD220";
    /// <summary>An output file outside the working directory, or no file at all.</summary>
    public const string BadOutputPath = "HYD230";
    /// <summary>An output file of a node that does not exist.</summary>
    public const string UnknownOutputNode = "HYD231";
    /// <summary>A fallback or escalation that does not exist or cannot help.</summary>
    public const string BadFallback = "HYD240";
    /// <summary>A breaker that the file does not define.</summary>
    public const string UnknownBreaker = "HYD241";
    /// <summary>Model aliases that lead round in a circle.</summary>
    public const string AliasCycle = "HYD242";
    /// <summary>A model that nobody is configured to answer for, or whose name is misspelt.</summary>
    public const string UnknownModel = "HYD243";
    /// <summary>An agent that is not defined.</summary>
    public const string UnknownAgent = "HYD244";
    /// <summary>A function that the embedding program has not registered.</summary>
    public const string UnknownFunction = "HYD246";
    /// <summary>A tool that is not defined, is not the agent's to call, or whose declaration cannot work.</summary>
    public const string BadTool = "HYD247";
    /// <summary>A node that conflicts with itself, or a conflict that says nothing.</summary>
    public const string BadConflict = "HYD245";
    /// <summary>Routing rules that cannot be understood.</summary>
    public const string BadRouting = "HYD248";
    /// <summary>A plan of an epic that cannot become a blueprint.</summary>
    public const string BadPlan = "HYD249";
    /// <summary>A JSON Schema that cannot be compiled.</summary>
    public const string BadSchema = "HYD250";
    /// <summary>A default that its own declaration refuses.</summary>
    public const string BadDefault = "HYD251";
    /// <summary>Limits that contradict each other.</summary>
    public const string BadBudget = "HYD260";
    /// <summary>A part of the format that is known but not there yet.</summary>
    public const string NotSupportedYet = "HYD270";
    /// <summary>Fields that exclude each other, or one that needs another.</summary>
    public const string FieldConflict = "HYD280";
    /// <summary>A rule of a policy that cannot work, or never decides anything.</summary>
    public const string BadPolicy = "HYD281";
    /// <summary>Untrusted content, private data and an outward act meet in one node.</summary>
    public const string LethalTrifecta = "HYD282";
    /// <summary>A pattern where a simpler one would do.</summary>
    public const string SimplerPattern = "HYD283";
    /// <summary>A sub-workflow that cannot be loaded, nests too deep or holds itself.</summary>
    public const string BadSubgraph = "HYD290";
    /// <summary>A gateway that would keep its ledger in two places.</summary>
    public const string TwoGatewayStores = "HYD294";
    /// <summary>A policy file whose text cannot be edited by the program.</summary>
    public const string PolicyNotEdited = "HYD307";

    /// <summary>A provider kind that the gateway does not know.</summary>
    public const string UnknownProviderKind = "HYD901";
    /// <summary>A deployment at a provider that the file does not define.</summary>
    public const string UnknownProvider = "HYD902";
    /// <summary>A fallback of a model group that does not exist or is the group itself.</summary>
    public const string BadGroupFallback = "HYD903";
    /// <summary>A secret written out where only a reference may stand.</summary>
    public const string LiteralSecret = "HYD904";
    /// <summary>A budget of the gateway without a scope, a window or a limit that can be understood.</summary>
    public const string BadGatewayBudget = "HYD905";
    /// <summary>Routing options that do not fit the strategy, or that name nobody of the group.</summary>
    public const string BadRoute = "HYD906";
    /// <summary>A provider that lacks what its kind needs, or has what its kind does not take.</summary>
    public const string IncompleteProvider = "HYD907";
    /// <summary>A gateway without keys on an address that other machines reach.</summary>
    public const string OpenGateway = "HYD908";
    /// <summary>A part of a foreign configuration that was left out.</summary>
    public const string NotImported = "HYD909";
}
