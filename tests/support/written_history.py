"""A history that is known to the sample: every value, every time, every label set."""

T0 = 1_700_000_000_000  # ms; where it begins


def openmetrics():
    """The history as OpenMetrics text, as promtool reads it."""
    lines = ["# TYPE requests counter"]
    # 360 samples 10 s apart, 191 ms past the second: a timestamp that floats cannot hold exactly.
    lines += [f'requests_total{{instance="a:1",job="ai_model"}} {i * 10} {T0 // 1000 + i * 10}.191' for i in range(360)]
    lines += ["# TYPE special gauge"]
    specials = ["NaN", "+Inf", "-Inf", "5e-324", "1.7976931348623157e+308", "-0", "0.1", "0.30000000000000004"]
    lines += [f'special{{n="{n}"}} {text} {T0 // 1000}' for n, text in enumerate(specials)]
    lines += ["# TYPE odd gauge", 'odd{path="it\'s \\"ü\\" 日本\\\\ & # + %\\n"} 1 1700000000']
    lines += ["# TYPE clash gauge", 'clash{timestamp="t",value="v"} 7 1700000000']
    # A NaN at 600 s, and nothing at 1200 s.
    lines += ["# TYPE holes gauge", *(f"holes {v} {T0 // 1000 + s}" for s, v in ((0, "1"), (600, "NaN"), (1800, "2")))]
    lines += ["# TYPE late gauge", f'late{{a="1"}} 3 {T0 // 1000 + 9000}']
    return "\n".join([*lines, "# EOF", ""])


def exposition():
    """The same history as VictoriaMetrics imports it: times in milliseconds."""
    samples = (line.rpartition(" ") for line in openmetrics().splitlines() if not line.startswith("#"))
    return "".join(f"{head} {round(float(seconds) * 1000)}\n" for head, _, seconds in samples)
