"""The texts people read, in English and Indonesian, from one catalogue each."""

from simsec.locale.texts import LANGUAGES, NOTHING, Texts, texts

__all__ = ["LANGUAGES", "NOTHING", "Texts", "texts"]
