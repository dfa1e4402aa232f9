namespace Hydra.Gateway.Ledger;

/// <summary>How long a budget lasts before it begins anew, by the calendar in UTC; a week begins on Monday.</summary>
public enum BudgetWindow { Minute, Hour, Day, Week, Month, Total }

/// <summary>Where windows begin and end, in milliseconds since 1970.</summary>
public static class BudgetWindows
{
    private const long Minute = 60_000, Hour = 60 * Minute, Day = 24 * Hour, Week = 7 * Day;
    private const long FirstMonday = 4 * Day;   // 5 January 1970

    /// <summary>Reads <c>minute</c>, <c>hour</c>, <c>day</c>, <c>week</c>, <c>month</c> or <c>total</c>; null when it is none.</summary>
    public static BudgetWindow? TryParse(string text) => text switch
    {
        "minute" => BudgetWindow.Minute,
        "hour" => BudgetWindow.Hour,
        "day" => BudgetWindow.Day,
        "week" => BudgetWindow.Week,
        "month" => BudgetWindow.Month,
        "total" => BudgetWindow.Total,
        _ => null,
    };

    public static string NameOf(BudgetWindow window) => window switch
    {
        BudgetWindow.Minute => "minute",
        BudgetWindow.Hour => "hour",
        BudgetWindow.Day => "day",
        BudgetWindow.Week => "week",
        BudgetWindow.Month => "month",
        _ => "total",
    };

    /// <summary>When the window that holds a moment began.</summary>
    public static long StartOf(BudgetWindow window, long atMs) => window switch
    {
        BudgetWindow.Minute => Floor(atMs, Minute),
        BudgetWindow.Hour => Floor(atMs, Hour),
        BudgetWindow.Day => Floor(atMs, Day),
        BudgetWindow.Week => Floor(atMs - FirstMonday, Week) + FirstMonday,
        BudgetWindow.Month => MonthOf(atMs).ToUnixTimeMilliseconds(),
        _ => long.MinValue,
    };

    /// <summary>When the window that begins here ends; the end itself belongs to the next one.</summary>
    public static long EndOf(BudgetWindow window, long startMs) => window switch
    {
        BudgetWindow.Minute => startMs + Minute,
        BudgetWindow.Hour => startMs + Hour,
        BudgetWindow.Day => startMs + Day,
        BudgetWindow.Week => startMs + Week,
        BudgetWindow.Month => MonthOf(startMs).AddMonths(1).ToUnixTimeMilliseconds(),
        _ => long.MaxValue,
    };

    private static long Floor(long value, long unit) => value - (((value % unit) + unit) % unit);

    private static DateTimeOffset MonthOf(long atMs)
    {
        var at = DateTimeOffset.FromUnixTimeMilliseconds(atMs);
        return new DateTimeOffset(at.Year, at.Month, 1, 0, 0, 0, TimeSpan.Zero);
    }
}
