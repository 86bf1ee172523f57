"""The browser and its system in words."""

import pytest

from accounts.device import in_words

CHROME = "Mozilla/5.0 ({}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36{}"
KNOWN = {
    CHROME.format("Windows NT 10.0; Win64; x64", ""): "Chrome 142 on Windows",
    CHROME.format("Windows NT 10.0; Win64; x64", " Edg/142.0.0.0"): "Edge 142 on Windows",
    CHROME.format("Linux; Android 15; Pixel 9", ""): "Chrome 142 on Android",
    CHROME.format("X11; CrOS x86_64 14541.0.0", ""): "Chrome 142 on ChromeOS",
    CHROME.format("X11; Linux x86_64", " OPR/120.0.0.0"): "Opera 120 on Linux",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:131.0) Gecko/20100101 Firefox/131.0": "Firefox 131 on Windows",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) Version/18.1 Mobile/15E148 Safari/604.1": "Safari 18 on iPhone",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 Version/17.0 Safari/605.1.15": "Safari 17 on Mac",
    CHROME.format("X11; Linux x86_64", "").replace("Chrome", "HeadlessChrome"): "Chrome 142 on Linux",
    "curl/8.5.0": "curl 8 on an unknown system",
    "": "Unknown browser on an unknown system",
    "<script>alert(1)</script>": "Unknown browser on an unknown system",
    "Firefox/" + "9" * 50: "Unknown browser on an unknown system",
}


@pytest.mark.parametrize(("said", "words"), KNOWN.items(), ids=KNOWN.values())
def test_browser_and_system(said: str, words: str) -> None:
    assert in_words(said) == words
