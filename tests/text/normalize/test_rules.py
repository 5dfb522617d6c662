"""Rules are compiled where a text needs them."""

from tiedtts.text.normalize import normalizer, rules


def test_a_plain_text_compiles_few_patterns() -> None:
    rules._compile.cache_clear()
    assert normalizer.normalize("Hello there, world.") == "Hello there, world."
    total = sum(map(len, normalizer.STAGES))
    assert rules._compile.cache_info().currsize < total / 3, "all of them would be a tenth of a cold start"
    normalizer.normalize("On 3/4/2024 at 5:30 pm they paid $5.")
    assert rules._compile.cache_info().currsize > total / 3
