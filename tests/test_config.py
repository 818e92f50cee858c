"""Settings and where they come from."""

import pytest

from rag import config
from rag.errors import ConfigError


def test_defaults_without_a_file(tmp_path, monkeypatch):
    monkeypatch.setenv("ZHIYIN_HOME", str(tmp_path))
    assert config.load() == config.Settings()


def test_home_file_then_given_file(tmp_path, monkeypatch):
    monkeypatch.setenv("ZHIYIN_HOME", str(tmp_path))
    (tmp_path / "config.toml").write_text("top_k = 5\nchunk_tokens = 99\n", encoding="utf-8")
    given = tmp_path / "other.toml"
    given.write_text("top_k = 7\n", encoding="utf-8")
    settings = config.load(given)
    assert (settings.top_k, settings.chunk_tokens) == (7, 99)


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("topk = 5", "did you mean 'top_k'"),
        ("top_k = 'five'", "should be int"),
        ("top_k = 0", "out of range"),
        ("index_type = 'tree'", "give auto, flat, hnsw, ivf, ivfpq or rabitq"),
        ("top_k = ", "can't read settings"),
        ("dense = false\nlexical = false", "leave at least one on"),
        ("dense = 1", "should be bool"),
    ],
)
def test_mistakes_are_named(tmp_path, line, says):
    file = tmp_path / "config.toml"
    file.write_text(line, encoding="utf-8")
    with pytest.raises(ConfigError, match=says.replace("(", r"\(")):
        config.load(file)


def test_replace_rejects_unknown_names():
    with pytest.raises(ConfigError, match="unknown setting"):
        config.Settings().replace(colour="red")


def test_a_language_model_may_not_take_all_the_time_of_a_question():
    assert config.Settings(generator_seconds=200).generator == ""
    with pytest.raises(ConfigError, match=r"generator_seconds = 200 .* ask_seconds = 120"):
        config.Settings(generator="qwen", generator_seconds=200)


def test_the_bits_of_a_language_model():
    with pytest.raises(ConfigError, match="generator_bits = 5"):
        config.Settings(generator_bits=5)
