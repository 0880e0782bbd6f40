"""One thing that speaks for or against what is proposed to a person, in words and as a number."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Speaks = Literal["for", "against"]


@dataclass(frozen=True, slots=True)
class Reason:
    """A fact and what it says.

    text : in words, with the number ("templates alike, cosine 0.93"); name : of the value; value : the number itself
    speaks : for the proposal or against it
    """

    text: str
    name: str
    value: float
    speaks: Speaks
