"""The playground in a real browser: type, slide, see the highlight change."""

from __future__ import annotations

import shutil

import pytest

pytest.importorskip("selenium")
pytest.importorskip("uvicorn")
pytest.importorskip("prometheus_client")
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select, WebDriverWait
from service_helpers import serving

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not (CHROMIUM and DRIVER), reason="needs Chromium and its driver"),
]


@pytest.fixture(scope="module")
def browser():
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    with serving() as base:
        driver = webdriver.Chrome(options=options, service=Service(DRIVER))
        driver.get(base)
        yield driver
        driver.quit()


def _until(browser, found):
    return WebDriverWait(browser, 60).until(found)


def _marks(browser):
    return browser.execute_script("return [...document.querySelectorAll('.passage mark')].map(m => m.textContent)")


def test_type_slide_compare(browser):
    _until(browser, _marks)
    query, passages = browser.find_element(By.ID, "query"), browser.find_element(By.ID, "passages")
    text = "😀 Bread is baked at six. It is sold at seven. The pump is made in Tampere. The pump is old and needs oil."
    browser.execute_script("arguments[0].value = arguments[1]", passages, text)
    query.clear()
    query.send_keys("When is bread baked?")
    slider = browser.find_element(By.ID, "budget")
    _until(browser, lambda b: any("baked" in mark for mark in _marks(b)) and "bearing" not in "".join(_marks(b)))
    before = _marks(browser)
    for _ in range(70):
        slider.send_keys(Keys.ARROW_RIGHT)
    after = _until(browser, lambda b: (found := _marks(b)) != before and found)
    assert len("".join(after)) > len("".join(before))
    assert all(mark in text for mark in before + after)  # offsets hold behind an astral character
    Select(browser.find_element(By.ID, "other")).select_by_visible_text("lexical")
    _until(browser, lambda b: len(b.find_elements(By.CSS_SELECTOR, ".card")) == 2)
    assert '"method": "labeller"' in browser.find_element(By.ID, "curl").text
    assert "tokens" in browser.find_element(By.ID, "status").text


def test_narrow_dark_and_quiet(browser):
    browser.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride", {"width": 390, "height": 800, "deviceScaleFactor": 1, "mobile": True}
    )
    dark = {"features": [{"name": "prefers-color-scheme", "value": "dark"}]}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", dark)
    browser.refresh()
    _until(browser, _marks)
    assert browser.execute_script("return document.documentElement.scrollWidth") <= 390
    assert browser.execute_script("return getComputedStyle(document.body).backgroundColor") == "rgb(25, 25, 24)"
    unnamed = "return [...document.querySelectorAll('input,textarea,select')].filter(e => !e.labels.length).length"
    assert browser.execute_script(unnamed) == 0
    assert [row for row in browser.get_log("browser") if row["level"] == "SEVERE"] == []  # also: nothing was blocked
