"""Settings from the environment."""

from __future__ import annotations

from serinus.bootstrap.settings import API_PORT, Settings, read


def test_an_empty_environment_means_this_machine() -> None:
    """Clients find what `serinus up` starts; unset and empty are the same."""
    assert read({}) == read({"SERINUS_URL": "", "SERINUS_API_KEY": ""}) == Settings()
    assert Settings().url == f"http://127.0.0.1:{API_PORT}"


def test_each_variable_is_one_setting() -> None:
    """What is not ours is left alone."""
    given = {"SERINUS_URL": "http://h", "SERINUS_API_KEY": "k", "SERINUS_STORE": "sqlite:///d", "OTHER": "x"}
    assert read(given) == Settings(url="http://h", api_key="k", store="sqlite:///d")
