"""The texts people read, in English and Indonesian, from one catalogue each."""

from simsec.locale.texts import DOUBT_MARKS, LANGUAGES, NOTHING, Texts, texts

__all__ = ["DOUBT_MARKS", "LANGUAGES", "NOTHING", "Texts", "texts"]
