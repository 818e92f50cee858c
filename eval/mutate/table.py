"""All kinds of mutation, in one table. A new kind is a function with its promise, its check, and a line here."""

from __future__ import annotations

from .counterfactual import counterfactual, is_counterfactual
from .forms import full_width, is_full_width, is_traditional, traditional
from .injection import injection, is_injected
from .kinds import Kind, documents, question
from .neighbours import distractor_years, distractors, is_beside, is_beside_in_time
from .removal import evidence_removed, is_removed
from .scope import is_other_place, is_other_year, other_place, other_year
from .speech import asr, is_asr
from .spelling import homophone, is_homophone, is_typo, typo

KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        # the same documents, asked otherwise
        question("typo", typo, is_typo),
        question("homophone", homophone, is_homophone),
        question("traditional", traditional, is_traditional),
        question("full_width", full_width, is_full_width),
        question("asr", asr, is_asr),
        question("other_year", other_year, is_other_year),
        question("other_place", other_place, is_other_place),
        # the same questions, over other documents
        documents("distractors", distractors, is_beside),
        documents("distractor_years", distractor_years, is_beside_in_time),
        documents("evidence_removed", evidence_removed, is_removed),
        documents("counterfactual", counterfactual, is_counterfactual),
        documents("injection", injection, is_injected),
    )
}
