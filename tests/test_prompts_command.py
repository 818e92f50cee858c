"""`zhiyin prompts`: what it lists, copies, checks and shows."""

import json
import shlex
import sys

import pytest
from typer.testing import CliRunner

from rag.cli.main import build
from rag.config import Settings
from rag.errors import ConfigError, InputError
from rag.generate import templates
from rag.generate.prompt_trial import TRIED, estimate
from rag.generate.templates import built_in, own
from rag.index.build import build as build_index

from .index_kit import write


@pytest.fixture(autouse=True)
def _no_editor(monkeypatch):
    monkeypatch.delenv("VISUAL", raising=False)
    monkeypatch.delenv("EDITOR", raising=False)


def zhiyin(*arguments, **options):
    return CliRunner().invoke(build(), ["prompts", *map(str, arguments)], **{"catch_exceptions": False, **options})


def edited(monkeypatch, code):
    """An editor that does `code` with the file's `path`."""
    script = f"import sys, pathlib; path = pathlib.Path(sys.argv[1]); {code}"
    monkeypatch.setenv("VISUAL", shlex.join([sys.executable, "-c", script]))


def put(name, text):
    own(name).parent.mkdir(parents=True, exist_ok=True)
    own(name).write_text(text, encoding="utf-8")


def test_the_list_says_where_each_is_from():
    put("answer.zh", "$question $sources")
    for lines in (zhiyin().stdout.splitlines(), zhiyin("show").stdout.splitlines()):
        assert [line.split()[0] for line in lines] == templates.names()
        assert [name for name, line in zip(templates.names(), lines, strict=True) if str(own(name)) in line] == ["answer.zh"]


def test_one_is_shown_as_it_stands():
    assert zhiyin("show", "answer.zh").stdout.rstrip() == built_in("answer.zh").rstrip()
    put("answer.zh", "自己的 $question $sources")
    assert zhiyin("show", "answer.zh.txt").stdout == "自己的 $question $sources\n"


@pytest.mark.parametrize("command", [("show",), ("edit",), ("reset", "--yes")])
def test_a_typing_error_gets_the_nearest_name(command):
    with pytest.raises(InputError, match=r"'anser\.zh'; did you mean 'answer\.zh'"):
        zhiyin(*command, "anser.zh")


def test_without_an_editor_the_copy_is_named():
    said = zhiyin("edit", "repair.en")
    assert said.stdout == f"{own('repair.en')}\n" and "EDITOR" in said.stderr
    assert own("repair.en").read_text("utf-8") == built_in("repair.en")
    assert [path.name for path in own("repair.en").parent.iterdir()] == ["repair.en.txt"]


def test_an_own_template_is_edited_and_not_overwritten(monkeypatch):
    put("answer.zh", "我的 $question $sources")
    edited(monkeypatch, "path.write_text(path.read_text('utf-8') + '更多', encoding='utf-8')")
    assert "没有问题" in zhiyin("edit", "answer.zh").stdout
    assert own("answer.zh").read_text("utf-8") == "我的 $question $sources更多"


def test_a_mistake_made_in_the_editor_is_named_and_kept(monkeypatch):
    edited(monkeypatch, "path.write_text('$question $sourcs', encoding='utf-8')")
    with pytest.raises(ConfigError, match=r"asks for \$sourcs.*did you mean '\$sources'"):
        zhiyin("edit", "answer.zh")
    assert own("answer.zh").read_text("utf-8") == "$question $sourcs"


def test_what_was_not_changed_is_not_kept(monkeypatch):
    edited(monkeypatch, "pass")
    assert "内置" in zhiyin("edit", "answer.zh").stdout
    assert not own("answer.zh").exists()


@pytest.mark.parametrize("editor", ["no-such-editor-here", shlex.join([sys.executable, "-c", "raise SystemExit(3)"]), "'unclosed"])
def test_an_editor_that_fails_is_named(monkeypatch, editor):
    monkeypatch.setenv("EDITOR", editor)
    with pytest.raises(ConfigError, match=r"the editor .* failed"):
        zhiyin("edit", "answer.zh")
    assert not own("answer.zh").exists()


def test_of_two_copies_at_once_the_first_stays(monkeypatch):
    """The other process writes its own between our look and our copy: ours may not go over it."""
    link = templates.os.link

    def late(source, target):
        put("answer.zh", "别人的")
        link(source, target)

    monkeypatch.setattr(templates.os, "link", late)
    assert templates.adopt("answer.zh") is False
    assert own("answer.zh").read_text("utf-8") == "别人的"
    assert len(list(own("answer.zh").parent.iterdir())) == 1


def test_what_can_not_be_written_is_said():
    own("answer.zh").mkdir(parents=True)
    with pytest.raises(ConfigError, match="is no file"):
        zhiyin("edit", "answer.zh")
    with pytest.raises(ConfigError, match="can't remove"):
        zhiyin("reset", "answer.zh", "--yes")
    own("answer.zh").rmdir()
    own("answer.zh").parent.rmdir()
    own("answer.zh").parent.write_text("no folder")
    with pytest.raises(ConfigError, match="can't write"):
        zhiyin("edit", "answer.zh")


def test_reset_asks_first():
    put("answer.zh", "我的")
    assert zhiyin("reset", "answer.zh", input="n\n").exit_code == 1
    assert zhiyin("reset", "answer.zh", input="").exit_code == 1
    assert own("answer.zh").is_file()
    assert "已删除" in zhiyin("reset", "answer.zh", "--yes").stdout
    assert "内置" in zhiyin("reset", "answer.zh").stdout
    assert not own("answer.zh").exists()


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("template", TRIED)
def test_without_an_index_an_example_is_shown(template, language):
    told = json.loads(zhiyin("test", "--json", "--template", template, "--language", language).stdout)
    assert told["ok"] and told["template"] == f"{template}.{language}"
    assert told["tokens"] == estimate(told["messages"]) > 100
    assert told["passages"] == (1 if template == "rewrite" else 2)
    assert json.loads(zhiyin("test", "--json", "--template", template, "--language", language, "自己的问题？").stdout)["messages"] != told["messages"]


def test_the_question_decides_the_language():
    shown = zhiyin("test", "How many visitors were there?").stdout
    assert "answer.en" in shown and shown.count("✓") == len(templates.names())
    assert "Question: How many visitors were there?" in shown


def test_passages_of_the_index_are_shown(isolated_home, tmp_path):
    write(tmp_path, 综述="2022年湖北工会年终综述\n\n\x1b[31m全年举办招聘会120场。")
    build_index([tmp_path], home=isolated_home, settings=Settings())
    shown = zhiyin("test", "湖北2022年举办了多少场招聘会？").stdout
    assert "举办招聘会120场" in shown and "图书馆年度" not in shown and "\x1b" not in shown
    assert "说的是2022年" in shown


def test_a_broken_template_is_named_and_ends_with_1():
    put("answer.zh", "$question")
    put("anser.en", "$question $sources")
    result = zhiyin("test", "--json")
    told = json.loads(result.stdout)
    assert (result.exit_code, told["ok"], told["messages"]) == (1, False, None)
    wrong = {row["name"]: row["problem"] for row in told["templates"] if row["problem"]}
    assert "leaves out $sources" in wrong["answer.zh"]
    assert "answer.en" in wrong["anser.en.txt"] and len(wrong) == 2
    shown = zhiyin("test", "--language", "en")
    assert shown.exit_code == 1 and shown.stdout.count("✗") == 2 and "── user" in shown.stdout
    assert "anser.en.txt" in zhiyin("show").stderr


@pytest.mark.parametrize(
    ("arguments", "message"), [(["--template", "anser"], "did you mean 'answer'"), (["--language", "fr"], "zh or en")]
)
def test_wrong_options(arguments, message):
    with pytest.raises(InputError, match=message):
        zhiyin("test", *arguments)
