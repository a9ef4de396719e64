"""`make bench` runs to its end and measures everything."""

from tests.bench.everything import measure_all


async def test_every_line_of_the_bench_is_measured() -> None:
    lines = await measure_all(0.02, 2)
    nothing = [line.what for line in lines if line.measured <= 0 and "Postfix" not in line.what]
    assert nothing == []
    assert len(lines) > 25
