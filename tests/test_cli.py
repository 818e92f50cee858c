"""The command line: contracts, exit codes, streams, speed; the bot is a stand-in."""

import json
import os
import signal
import subprocess
import sys
import time
from importlib.resources import files
from pathlib import Path

import jsonschema
import pytest
import typer
from typer.testing import CliRunner

import rag
from rag import messages
from rag.answer import to_dict
from rag.cli import terminal
from rag.cli.main import build
from rag.errors import ConfigError, InputError, ModelError, NoIndex
from rag.session import Session

from .answers import FakeBot, answer, refusal

TEXTS = {"a.txt": "开头。会员总数已达28万余人。结尾。", "b.txt": "另有2682项赛事。"}


@pytest.fixture
def bot():
    return FakeBot(TEXTS)


def zhiyin(bot, *arguments, stdin=None):
    """Run in this process; an error of ours comes out as the exception."""
    session = Session(make_bot=lambda settings: bot)
    return CliRunner().invoke(build(), list(arguments), obj=session, input=stdin, catch_exceptions=False)


def process(*arguments, stdin=None, **environment):
    return subprocess.run(
        [sys.executable, "-m", "rag", *arguments],
        capture_output=True,
        input=stdin,
        env=os.environ | environment,
        check=False,
    )


def schema():
    return json.loads(files("rag").joinpath("answer.schema.json").read_text(encoding="utf-8"))


def test_json_is_the_contract(bot):
    row = json.loads(zhiyin(bot, "ask", "--json", "会员总数").stdout)
    assert row == to_dict(bot.ask("会员总数"))
    jsonschema.Draft202012Validator(schema(), format_checker=jsonschema.FormatChecker()).validate(row)
    assert (
        TEXTS["a.txt"][row["citations"][0]["start"] : row["citations"][0]["end"]]
        == row["citations"][0]["quote"]
    )


def test_a_refusal_is_the_contract_too(bot):
    row = json.loads(zhiyin(bot, "ask", "--json", "火星").stdout)
    assert row["refused"]
    jsonschema.validate(row, schema())


@pytest.mark.parametrize(
    "change",
    [
        {"refused": True},  # without a reason, and with statements
        {"statements": []},
        {"citations": []},
        {"extra": 1},
        {"short": 3},
        {"generation": 12},
        {"citations": [{"n": 1}]},
        {"statements": [{"text": "x", "citations": []}]},
        {"timing_ms": {"total": "fast"}},
    ],
)
def test_the_schema_can_fail(change):
    row = to_dict(answer("问", "答", [("a.txt", TEXTS["a.txt"], 0, 3)], short="答"))
    jsonschema.validate(row, schema())
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(row | change, schema())


def test_the_schema_lists_every_key_and_every_reason():
    row = to_dict(answer("问", "答", [("a.txt", TEXTS["a.txt"], 0, 3)]))
    given = schema()
    assert set(given["required"]) == set(given["properties"]) == set(row)
    definitions = given["$defs"]
    assert set(definitions["citation"]["properties"]) == set(row["citations"][0])
    assert set(definitions["passage"]["properties"]) == set(row["passages"][0])

    from rag.refusal import Reason

    assert set(given["properties"]["reason"]["enum"]) == {reason.value for reason in Reason} | {None}


def test_the_terminal_shows_short_answer_statement_citation_and_quote(bot):
    out = zhiyin(bot, "ask", "会员总数").stdout
    assert "会员总数已达28万余人。[1]" in out
    assert "a.txt · 报告" in out
    assert out.count("会员总数已达28万余人。") == 2


def test_a_refusal_looks_like_one_and_shows_what_is_near():
    from dataclasses import replace

    from rag.types import RelatedPassage

    near = replace(refusal("?"), passages=(RelatedPassage("a.txt", 0, 3, "相近的一段", 0.5, "标题"),))
    shown = terminal.render(near)
    assert "未作答" in str(shown)
    assert "不是答案" in str(shown)
    assert "标题: 相近的一段" in str(shown)
    assert shown.spans[0].style == "bold yellow"


def test_marks_of_a_quote_are_highlighted():
    from dataclasses import replace

    given = answer("?", "28万", [("a.txt", TEXTS["a.txt"], 3, 15)])
    at = TEXTS["a.txt"].index("28万")
    marked = replace(given, citations=(replace(given.citations[0], marks=((at, at + 3),)),))
    shown = terminal.render(marked)
    assert [str(shown)[s.start : s.end] for s in shown.spans if s.style == "reverse"] == ["28万"]


def test_nothing_in_a_document_commands_the_terminal(bot):
    bot.snapshot.texts["a.txt"] = "会员\x1b[31m总数[bold]已达\u202e28万\x07。"
    out = zhiyin(bot, "ask", "会员").stdout
    assert "\x1b" not in out
    assert "\u202e" not in out
    assert "\x07" not in out
    assert "[bold]" in out


def test_history_and_question_reach_the_bot(bot, tmp_path):
    path = tmp_path / "history.json"
    path.write_text(json.dumps([["问", "答"]]), encoding="utf-8")
    zhiyin(bot, "ask", "  会员总数 ", "--history", str(path))
    zhiyin(bot, "ask", "-", stdin="另有\n")
    assert bot.asked == [("会员总数", [("问", "答")], None), ("另有", [], None)]


@pytest.mark.parametrize("text", ["[", "{}", '[["a"]]', '[["a", 1]]', '"a"'])
def test_a_history_that_is_none(bot, tmp_path, text):
    path = tmp_path / "history.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match="history"):
        zhiyin(bot, "ask", "会员总数", "--history", str(path))


@pytest.mark.parametrize(
    "arguments",
    [
        ["ask"],
        ["ask", ""],
        ["ask", " \n"],
        ["ask", "q", "--batch", "x"],
        ["ask", "q", "--out", "x"],
        ["ask", "--batch", "nowhere.jsonl"],
    ],
)
def test_wrong_use_is_an_input_error(bot, arguments):
    with pytest.raises(InputError):
        zhiyin(bot, *arguments)
    assert bot.asked == []


def batch(bot, tmp_path, lines, *arguments):
    source, out = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_bytes(b"\n".join(line if isinstance(line, bytes) else line.encode() for line in lines))
    result = zhiyin(bot, "ask", "--batch", str(source), "--out", str(out), *arguments)
    assert result.exit_code == 0
    return [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()], result


def test_batch_answers_in_order_with_ids_as_they_were(bot, tmp_path):
    lines = [
        '{"id": "x", "question": "会员总数"}', "", '{"id": 7, "question": "火星", "history": [["问", "答"]]}', '\ufeff{"question": "另有"}',
    ]  # fmt: skip
    rows, result = batch(bot, tmp_path, lines)
    assert [(row["id"], row["refused"]) for row in rows] == [("x", False), (7, True), (None, False)]
    assert bot.asked[1][1] == [("问", "答")]
    for row in rows:
        jsonschema.validate(row, schema())
    assert "3 行" in result.stderr


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("not json", None),
        ("[1]", None),
        ("3", None),
        ('{"id": "a"}', "a"),
        ('{"id": "a", "question": ""}', "a"),
        ('{"id": "a", "question": "  "}', "a"),
        ('{"id": "a", "question": 3}', "a"),
        ('{"id": "a", "question": ["q"]}', "a"),
        ('{"id": "a", "question": "q", "history": "h"}', "a"),
        ('{"id": "a", "question": "q", "history": [["q"]]}', "a"),
        ('{"id": "a", "question": "q", "history": [["q", null]]}', "a"),
        ('{"id": ["a"], "question": "q"}', None),
        ('{"id": "a", "question": "\\ud800"}', None),
        (b'{"id": "a", "question": "\xff\xfe"}', None),
        ("[" * 100_000, None),
        ('{"id": "a", "question": "too long"}', "a"),
    ],
)
def test_a_bad_row_gives_an_error_and_the_run_goes_on(tmp_path, line, name):
    bot = FakeBot(TEXTS, fail={"too long": InputError("the question has too many characters")})
    rows, result = batch(
        bot, tmp_path, ['{"id": 1, "question": "会员"}', line, '{"id": 2, "question": "另有"}']
    )
    assert [row["id"] for row in rows] == [1, name, 2]
    assert list(rows[1]) == ["id", "error"]
    assert rows[1]["error"]
    assert "1 行有误" in result.stderr


def test_batch_reads_and_writes_the_standard_streams(bot):
    result = zhiyin(bot, "ask", "--batch", "-", stdin='{"id": 1, "question": "会员总数"}\n{"id": 2}\n')
    assert [json.loads(line)["id"] for line in result.stdout.splitlines()] == [1, 2]


def test_a_run_that_can_not_start_leaves_the_old_file_alone(tmp_path):
    bot = FakeBot(TEXTS, fail={"q": NoIndex("nothing is indexed; run: zhiyin index")})
    source, out = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_text('{"question": "q"}', encoding="utf-8")
    out.write_text("old", encoding="utf-8")
    with pytest.raises(NoIndex):
        zhiyin(bot, "ask", "--batch", str(source), "--out", str(out))
    assert out.read_text(encoding="utf-8") == "old"


def test_what_is_done_is_kept_when_the_run_breaks(tmp_path):
    bot = FakeBot(TEXTS, fail={"boom": ModelError("the model is gone")})
    source, out = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_text('{"question": "会员"}\n{"question": "boom"}', encoding="utf-8")
    with pytest.raises(ModelError):
        zhiyin(bot, "ask", "--batch", str(source), "--out", str(out))
    assert len(out.read_text(encoding="utf-8").splitlines()) == 1


def test_questions_are_not_overwritten_by_answers(bot, tmp_path):
    source = tmp_path / "in.jsonl"
    source.write_text('{"question": "会员"}', encoding="utf-8")
    with pytest.raises(InputError, match="both"):
        zhiyin(bot, "ask", "--batch", str(source), "--out", str(source))
    assert source.read_text(encoding="utf-8") == '{"question": "会员"}'


def test_settings_reach_the_bot(tmp_path):
    seen = []
    path = tmp_path / "c.toml"
    path.write_text("top_k = 3", encoding="utf-8")

    def make_bot(settings):
        seen.append(settings.top_k)
        return FakeBot(TEXTS)

    CliRunner().invoke(
        build(),
        ["ask", "会员", "--config", str(path)],
        obj=Session(make_bot=make_bot),
        catch_exceptions=False,
    )
    assert seen == [3]


def test_a_command_that_can_not_be_loaded_says_so_when_it_is_called(bot):
    from importlib.metadata import EntryPoint

    from rag.cli.main import _register

    app = typer.Typer()
    app.callback()(lambda: None)
    _register(app, EntryPoint("gone", "rag.no_such_module:register", "zhiyin.commands"))
    with pytest.raises(ConfigError, match=r"rag\.no_such_module"):
        CliRunner().invoke(app, ["gone"], catch_exceptions=False)


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({}, "zh"),
        ({"LANG": "C.UTF-8"}, "zh"),
        ({"LANG": "POSIX"}, "zh"),
        ({"LANG": "en_US.UTF-8"}, "en"),
        ({"LANG": "fr_FR"}, "en"),
        ({"LANG": "zh_TW.UTF-8"}, "zh"),
        ({"LC_ALL": "zh_CN", "LANG": "en_US"}, "zh"),
        ({"ZHIYIN_LANG": "EN", "LC_ALL": "zh_CN"}, "en"),
        ({"ZHIYIN_LANG": "", "LANG": "en"}, "en"),
    ],
)
def test_language(environ, expected):
    assert messages.language(environ) == expected


def test_version():
    done = process("--version")
    assert done.stdout.decode().strip() == f"zhiyin {rag.__version__}"
    assert done.returncode == 0


def test_an_error_is_one_line_and_its_own_exit_code():
    done = process("ask", "问", "--config", "no-such.toml", ZHIYIN_LANG="en")
    assert done.returncode == ConfigError.exit_code
    [line] = done.stderr.decode().splitlines()
    assert line.startswith("zhiyin: ")
    assert "no-such.toml" in line
    assert done.stdout == b""


def test_verbose_shows_the_trace():
    done = process("--verbose", "ask", "问", "--config", "no-such.toml")
    assert done.returncode == ConfigError.exit_code
    assert "Traceback" in done.stderr.decode()


def test_an_empty_question_is_wrong_input():
    done = process("ask", "")
    assert (done.returncode, len(done.stderr.splitlines())) == (InputError.exit_code, 1)


def test_without_an_index_the_next_step_is_named():
    done = process("ask", "问")
    assert done.returncode == NoIndex.exit_code
    assert "zhiyin index" in done.stderr.decode()
    assert "Traceback" not in done.stderr.decode()


def test_a_reader_that_leaves_is_no_error():
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as pipe:
        done = subprocess.run(
            [sys.executable, "-m", "rag", "--help"], stdout=pipe, stderr=subprocess.PIPE, check=False
        )
    assert b"Traceback" not in done.stderr
    assert b"Exception" not in done.stderr


def _until_it_reads(pid):
    """Wait until process `pid` waits for its standard input (system call 0 of x86-64 on file 0); elsewhere some seconds."""
    end = time.monotonic() + 20
    try:
        while not Path(f"/proc/{pid}/syscall").read_text(encoding="ascii").startswith(("0 0x0 ", "63 0x0 ")):
            assert time.monotonic() < end
            time.sleep(0.1)
    except OSError:
        time.sleep(3)


def test_ctrl_c_leaves_with_130():
    # a shell's background jobs, and all that they start, begin with SIGINT ignored
    heeded = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
    code = f"{heeded}; from rag.cli.main import main; main(['ask', '-'])"
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stderr=subprocess.PIPE
    ) as child:
        _until_it_reads(child.pid)
        child.send_signal(signal.SIGINT)
        _, said = child.communicate(timeout=20)
    assert child.returncode == 130
    assert b"Traceback" not in said


def test_help_imports_nothing_heavy():
    heavy = (
        "torch",
        "faiss",
        "jieba",
        "gradio",
        "transformers",
        "sentence_transformers",
        "numpy",
        "rich",
        "fastapi",
        "pydantic",
    )
    code = f"""
import sys
from rag.cli.main import main
try:
    main(["--help"])
except SystemExit:
    pass
print([name for name in {heavy!r} if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert done.stdout.decode().splitlines()[-1] == "[]"


@pytest.mark.parametrize(("language", "word"), [("zh", "提一个问题"), ("en", "Ask one question")])
def test_help_speaks_both_languages(language, word):
    done = process("--help", ZHIYIN_LANG=language)
    assert word in done.stdout.decode()
    for command in ("ask", "doctor", "index", "serve", "eval", "bench"):
        assert f"\n  {command} " in done.stdout.decode()
