import os
import subprocess
import sys
from pathlib import Path

TIMEOUT_S = 120


def test_the_demo_ends_well(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tayori", "demo", "--exit"],
        cwd=tmp_path,
        env={**os.environ, "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
        timeout=TIMEOUT_S,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "All 257 mails came to what was expected." in done.stdout
    assert "DKIM ✓ shop.test" in done.stdout
    assert "領収書をお送りします" in done.stdout
    assert "bounced: 550 5.1.1" in done.stdout
    assert list(tmp_path.iterdir()) == []
