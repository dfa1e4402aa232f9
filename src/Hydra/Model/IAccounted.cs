namespace Hydra.Model;

/// <summary>The options of a model call whose caller keeps an account of its own, so that the account and a ledger say the same.</summary>
public interface IAccounted
{
    /// <summary>The most tokens that the prompt can be, as the caller has reserved them: the ledger holds as many.</summary>
    long PromptTokensMax { get; }

    /// <summary>What all attempts of the call may cost together, since a budget of the caller holds no more for it; null: nothing limits them.</summary>
    CallCap? Cap { get; }

    /// <summary>Told once what the call is charged with, over all its attempts, before it returns or throws; nothing for an answer of a cache. Not told where nobody was asked.</summary>
    /// <param name="costUsd">In US dollars, at the price of whoever answered and of its class of service; 0 where that is not known.</param>
    void Charge(decimal costUsd, TokenUsage usage);
}

/// <summary>What is held for one call.</summary>
/// <param name="Usd">In US dollars; null: no price is known.</param>
/// <param name="Tokens">Prompt and answer together.</param>
public readonly record struct CallCap(decimal? Usd, long Tokens);
