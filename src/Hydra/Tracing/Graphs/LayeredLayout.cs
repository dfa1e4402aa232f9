namespace Hydra.Tracing;

/// <summary>
/// Places boxes of a layered graph from left to right: layers as given, order in a layer by barycentres with as few
/// crossings as a few sweeps find, heights so that edges run straight where they can. Deterministic.
/// </summary>
/// <remarks>
/// (1) Long edges get a stand-in in every layer that they pass. (2) Sweeps to and fro order each layer by the mean place
/// of the neighbours; the order with the fewest crossings is kept. (3) Each layer in turn is moved to its neighbours' mean
/// height, as near as the boxes' own heights allow.
/// </remarks>
internal sealed class LayeredLayout
{
    private const int OrderSweeps = 12;
    private const int HeightSweeps = 16;
    /// <summary>Stand-ins for long edges; a graph with more gets its longest edges drawn straight across.</summary>
    private const int StandInsMax = 30_000;
    /// <summary>How much more a long edge resists a bend than a box a move.</summary>
    private const double StandInWeight = 8;
    private const double BoxGap = 16, StandInGap = 8, LayerGapMin = 44, LayerGapMax = 110;

    private readonly List<Cell> _cells = [];
    private readonly List<List<Cell>> _layers = [];

    /// <param name="boxes">Size and layer of each box.</param>
    /// <param name="edges">Indices of boxes; each leads to a later layer.</param>
    public LayeredLayout(IReadOnlyList<(double Width, double Height, int Layer)> boxes, IReadOnlyList<(int From, int To)> edges)
    {
        foreach (var (width, height, layer) in boxes) AddCell(new Cell { Width = width, Height = height, Layer = layer });
        Chains = [.. edges.Select(edge => Chain(_cells[edge.From], _cells[edge.To]))];
        Order();
        SetX();
        SetY();
    }

    /// <summary>Boxes first, in the order given; then the stand-ins.</summary>
    public IReadOnlyList<Cell> Cells => _cells;
    public IReadOnlyList<List<Cell>> Layers => _layers;
    /// <summary>The cells that each edge passes, ends included.</summary>
    public IReadOnlyList<Cell[]> Chains { get; }
    public double Width => _cells.Count == 0 ? 0 : _cells.Max(cell => cell.X + cell.Width);
    public double Height => _cells.Count == 0 ? 0 : _cells.Max(cell => cell.Bottom);

    internal sealed class Cell
    {
        public required double Width { get; set; }
        public required double Height { get; init; }
        public required int Layer { get; init; }
        public bool IsStandIn { get; init; }
        public double X { get; set; }
        public double Middle { get; set; }
        public int Place { get; set; }
        public List<Cell> Before { get; } = [];
        public List<Cell> After { get; } = [];
        public double Top => Middle - (Height / 2);
        public double Bottom => Middle + (Height / 2);
    }

    private Cell AddCell(Cell cell)
    {
        while (_layers.Count <= cell.Layer) _layers.Add([]);
        cell.Place = _layers[cell.Layer].Count;
        _layers[cell.Layer].Add(cell);
        _cells.Add(cell);
        return cell;
    }

    private Cell[] Chain(Cell from, Cell to)
    {
        var chain = new List<Cell> { from };
        for (var layer = from.Layer + 1; layer < to.Layer && _cells.Count < StandInsMax; layer++)
            chain.Add(AddCell(new Cell { Width = 0, Height = 4, Layer = layer, IsStandIn = true }));
        chain.Add(to);
        for (var i = 1; i < chain.Count; i++)
        {
            chain[i - 1].After.Add(chain[i]);
            chain[i].Before.Add(chain[i - 1]);
        }
        return [.. chain];
    }

    private void Order()
    {
        var best = _layers.Select(layer => layer.ToArray()).ToList();
        var fewest = Crossings();
        for (var sweep = 0; sweep < OrderSweeps && fewest > 0; sweep++)
        {
            var isForward = sweep % 2 == 0;
            for (var i = 1; i < _layers.Count; i++) OrderLayer(_layers[isForward ? i : _layers.Count - 1 - i], isForward);
            var crossings = Crossings();
            if (crossings >= fewest) continue;
            fewest = crossings;
            best = [.. _layers.Select(layer => layer.ToArray())];
        }
        for (var i = 0; i < best.Count; i++)
        {
            _layers[i].Clear();
            _layers[i].AddRange(best[i]);
            Number(_layers[i]);
        }
    }

    private static void OrderLayer(List<Cell> layer, bool isForward)
    {
        var places = layer.ToDictionary(cell => cell, cell => MeanOf(isForward ? cell.Before : cell.After, other => other.Place, cell.Place));
        var ordered = layer.OrderBy(cell => places[cell]).ThenBy(cell => cell.Place).ToList();
        layer.Clear();
        layer.AddRange(ordered);
        Number(layer);
    }

    private static void Number(List<Cell> layer)
    {
        for (var i = 0; i < layer.Count; i++) layer[i].Place = i;
    }

    private static double MeanOf(List<Cell> cells, Func<Cell, double> value, double without) => cells.Count == 0 ? without : cells.Average(value);

    /// <summary>Pairs of edges between neighbouring layers that cross, counted with a tree of sums.</summary>
    private long Crossings()
    {
        long crossings = 0;
        for (var l = 1; l < _layers.Count; l++)
        {
            var sums = new int[_layers[l].Count + 1];
            var seen = 0;
            foreach (var from in _layers[l - 1])
            {
                var ends = from.After.Where(cell => cell.Layer == l).Select(cell => cell.Place).Order().ToArray();
                foreach (var end in ends) crossings += seen - SumTo(sums, end + 1);
                foreach (var end in ends) Add(sums, end + 1);
                seen += ends.Length;
            }
        }
        return crossings;

        static int SumTo(int[] sums, int at)
        {
            var sum = 0;
            for (; at > 0; at -= at & -at) sum += sums[at];
            return sum;
        }

        static void Add(int[] sums, int at)
        {
            for (; at < sums.Length; at += at & -at) sums[at]++;
        }
    }

    private void SetX()
    {
        var x = 0.0;
        for (var l = 0; l < _layers.Count; l++)
        {
            var width = _layers[l].Select(cell => cell.Width).DefaultIfEmpty(0).Max();
            foreach (var cell in _layers[l])
            {
                cell.X = x;
                if (cell.IsStandIn) cell.Width = width;
            }
            var edges = _layers[l].Sum(cell => cell.After.Count);
            x += width + Math.Clamp(LayerGapMin + (edges * 2), LayerGapMin, LayerGapMax);
        }
    }

    private void SetY()
    {
        foreach (var layer in _layers) Settle(layer, _ => 0);
        for (var sweep = 0; sweep < HeightSweeps; sweep++)
        {
            var isForward = sweep % 2 == 0;
            for (var i = 0; i < _layers.Count; i++)
            {
                var isLast = sweep >= HeightSweeps - 2;
                Settle(_layers[isForward ? i : _layers.Count - 1 - i], cell =>
                    isLast ? MeanOf([.. cell.Before, .. cell.After], other => other.Middle, cell.Middle) : MeanOf(isForward ? cell.Before : cell.After, other => other.Middle, cell.Middle));
            }
        }
        if (_cells.Count == 0) return;
        var top = _cells.Min(cell => cell.Top);
        foreach (var cell in _cells) cell.Middle = Math.Round(cell.Middle - top, 1);
    }

    /// <summary>
    /// Moves the cells of a layer as near to where they want to be as their order and heights allow: the least sum of
    /// squared moves, by pooling neighbours that push each other.
    /// </summary>
    private static void Settle(List<Cell> layer, Func<Cell, double> wanted)
    {
        var offsets = new double[layer.Count];
        for (var i = 1; i < layer.Count; i++)
        {
            var gap = layer[i].IsStandIn && layer[i - 1].IsStandIn ? StandInGap : BoxGap;
            offsets[i] = offsets[i - 1] + (layer[i - 1].Height / 2) + gap + (layer[i].Height / 2);
        }
        var pools = new List<(double Mean, double Weight, int Count)>(layer.Count);
        for (var i = 0; i < layer.Count; i++)
        {
            (double Mean, double Weight, int Count) pool = (wanted(layer[i]) - offsets[i], layer[i].IsStandIn ? StandInWeight : 1, 1);
            while (pools is [.., var last] && last.Mean > pool.Mean)
            {
                var weight = last.Weight + pool.Weight;
                pool = (((last.Mean * last.Weight) + (pool.Mean * pool.Weight)) / weight, weight, last.Count + pool.Count);
                pools.RemoveAt(pools.Count - 1);
            }
            pools.Add(pool);
        }
        var at = 0;
        foreach (var (mean, _, count) in pools)
        {
            for (var i = 0; i < count; i++, at++) layer[at].Middle = mean + offsets[at];
        }
    }
}
