import pytest

from monitorkit.alerting.annotations import check_template
from monitorkit.errors import RuleError


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no template",
        "{{ .Labels.instance }} is at {{ .Value }}",
        "{{ .Value | humanizePercentage }}",
        '{{ if eq .Labels.job "a}}b" }}x{{ end }}',
        "{{ `}}` }}",
        "{{ $labels.instance }}",
        "100 } of {",
        "{{- .Value -}}",
    ],
)
def test_matching_braces_pass(text):
    check_template(text, "summary")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("latency is {{ .Value }", r"summary: '\{\{' without '\}\}'"),
        ("latency is {{ .Value", r"'\{\{' without '\}\}'"),
        ("latency is .Value }}", r"'\}\}' without '\{\{'"),
        ('{{ "}} }}', r"'\{\{' without '\}\}'"),
        ("latency is {{ }}", r"nothing between"),
    ],
)
def test_braces_that_do_not_match_are_refused(text, message):
    with pytest.raises(RuleError, match=message):
        check_template(text, "summary")
