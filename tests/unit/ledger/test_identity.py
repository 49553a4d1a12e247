from __future__ import annotations

import hashlib
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.encoding import enc, u64
from ledger.identity import (
    USCC_ALPHABET,
    DealCode,
    IdentityError,
    Uscc,
    city_id,
    mod_37_2,
    organisation_id,
    origin_id,
    parse_deal_code,
    person_commitment,
    registered_organisation_id,
    tender_id,
)

REAL = ["91110000101623741K", "911101066976941872", "91350100M000100Y43"]

bodies = st.tuples(
    st.text(USCC_ALPHABET, min_size=2, max_size=2),
    st.text("0123456789", min_size=6, max_size=6),
    st.text(USCC_ALPHABET, min_size=9, max_size=9),
).map("".join)


class TestUscc:
    @pytest.mark.parametrize("code", REAL)
    def test_real_codes_pass_the_check(self, code: str) -> None:
        assert Uscc(code).warning is None

    @given(bodies)
    def test_exactly_one_check_digit_is_right(self, body: str) -> None:
        passing = [c for c in USCC_ALPHABET if Uscc(body + c).warning is None]
        assert passing == [Uscc(body + "0").check_digit]

    @given(bodies, st.integers(0, 16), st.sampled_from(USCC_ALPHABET))
    def test_one_wrong_character_is_noticed(self, body: str, place: int, other: str) -> None:
        if body[place] == other or (2 <= place < 8 and not other.isdigit()):
            return
        code = body + Uscc(body + "0").check_digit
        assert Uscc(code[:place] + other + code[place + 1 :]).warning is not None

    def test_an_old_code_that_fails_the_check_is_used_with_a_warning(self) -> None:
        code = Uscc("91110000101623741A")
        assert code.warning is not None
        assert "should be K" in code.warning
        assert len(code.organisation_id) == 32

    @pytest.mark.parametrize(
        "code",
        [
            "",
            REAL[0][:17],
            REAL[0] + "0",
            REAL[0].lower(),
            "9111000010162374IK",
            "91110000101623741O",
            "91A10000101623741K",
            " " + REAL[0][1:],
            REAL[0] + "\n",
            "９" + REAL[0][1:],
        ],
    )
    def test_refuses_bad_syntax(self, code: str) -> None:
        with pytest.raises(IdentityError) as caught:
            Uscc(code)
        assert caught.value.code == "identity.uscc_malformed"


class TestIds:
    def test_organisation_id_is_the_hash_that_acts_md_names(self) -> None:
        assert organisation_id(REAL[0]) == hashlib.sha256(b"sunbid/org/v1" + REAL[0].encode()).digest()

    def test_tender_id_is_what_the_contract_recomputes(self) -> None:
        book, tenderer, nonce = b"\x01" * 20, b"\x02" * 32, b"\x03" * 32
        expected = hashlib.sha256(enc(b"tender", u64(31337), book, tenderer, nonce)).digest()
        assert tender_id(31337, book, tenderer, nonce) == expected

    @pytest.mark.parametrize(("book", "tenderer", "nonce"), [(19, 32, 32), (20, 31, 32), (20, 32, 33)])
    def test_tender_id_refuses_other_lengths(self, book: int, tenderer: int, nonce: int) -> None:
        with pytest.raises(IdentityError):
            tender_id(1, bytes(book), bytes(tenderer), bytes(nonce))

    def test_origin_and_city_are_hashes_of_their_lines(self) -> None:
        assert origin_id("luan.example/public") == hashlib.sha256(b"luan.example/public").digest()
        assert city_id("六安市") == hashlib.sha256("六安市".encode()).digest()

    @pytest.mark.parametrize("line", ["", "a\n", "\ud800"])
    def test_lines_are_non_empty_text(self, line: str) -> None:
        with pytest.raises(IdentityError):
            origin_id(line)
        with pytest.raises(IdentityError):
            city_id(line)

    def test_a_person_cannot_be_guessed_without_the_salt(self) -> None:
        identity = "341500199001011234"
        assert person_commitment(bytes(32), identity) != person_commitment(b"\x01" * 32, identity)
        assert person_commitment(bytes(32), identity) == person_commitment(bytes(32), identity)
        with pytest.raises(IdentityError):
            person_commitment(b"short", identity)

    def test_a_registered_id_is_unique_in_its_city_only(self) -> None:
        assert registered_organisation_id(bytes(32), "HRB 1") != registered_organisation_id(b"\x01" * 32, "HRB 1")


class TestDealCode:
    EXAMPLE = "91110000101623741K-20250601-000001-D"

    def test_the_known_example(self) -> None:
        code = DealCode("A01", REAL[0], date(2025, 6, 1), 1)
        assert str(code) == self.EXAMPLE
        assert parse_deal_code(self.EXAMPLE, "A01") == code
        assert parse_deal_code("A01-" + self.EXAMPLE) == code
        assert parse_deal_code("A01-" + self.EXAMPLE, "A01") == code

    def test_without_its_category_a_code_cannot_be_checked(self) -> None:
        with pytest.raises(IdentityError) as caught:
            parse_deal_code(self.EXAMPLE)
        assert caught.value.code == "identity.deal_code_category"

    def test_another_category_is_refused(self) -> None:
        with pytest.raises(IdentityError, match="not A02"):
            parse_deal_code("A01-" + self.EXAMPLE, "A02")

    @pytest.mark.parametrize("place", [0, 20, 28, 33, 35])
    def test_a_wrong_character_is_noticed(self, place: int) -> None:
        text = self.EXAMPLE[:place] + ("1" if self.EXAMPLE[place] != "1" else "2") + self.EXAMPLE[place + 1 :]
        with pytest.raises(IdentityError):
            parse_deal_code(text, "A01")

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "91110000101623741K20250601000001D",
            "91110000101623741K-20250631-000001-D",
            "91110000101623741K-20250601-000000-D",
            "91110000101623741k-20250601-000001-D",
            "A1-91110000101623741K-20250601-000001-D",
        ],
    )
    def test_refuses_bad_syntax(self, text: str) -> None:
        with pytest.raises(IdentityError):
            parse_deal_code(text, "A01")

    @pytest.mark.parametrize(("category", "serial"), [("a01", 1), ("A01", 0), ("A01", 1_000_000), ("A011", 1)])
    def test_refuses_parts_that_cannot_be_written(self, category: str, serial: int) -> None:
        with pytest.raises(IdentityError):
            DealCode(category, REAL[0], date(2025, 6, 1), serial)


class TestMod372:
    @given(st.text("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=1, max_size=40))
    def test_satisfies_the_definition_of_iso_7064(self, text: str) -> None:
        alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ*"
        whole = text + mod_37_2(text)
        total = sum(alphabet.index(c) * pow(2, i, 37) for i, c in enumerate(reversed(whole)))
        assert total % 37 == 1

    @pytest.mark.parametrize("text", ["a", "*", "1-1", "六"])
    def test_refuses_other_characters(self, text: str) -> None:
        with pytest.raises(IdentityError):
            mod_37_2(text)
