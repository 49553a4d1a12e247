"""Points and scalars in one form only, secret products blinded."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bidding.sealing.errors import FormatError
from bidding.sealing.group import Point, Secp256k1, decode_scalar, encode_scalar, lagrange, weighted_sum

GROUP = Secp256k1()
Q = GROUP.order
P = 2**256 - 2**32 - 977
G = bytes.fromhex("0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798")
G2 = bytes.fromhex("02c6047f9441ed7d6d3045406e95c07cd85c778e4b8cef3ca7abac09b95c709ee5")
G3 = bytes.fromhex("02f9308a019258c31049344f85f89d5229b531c845836f99b08601f113bce036f9")
Y_OF_G = bytes.fromhex("483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8")

scalars = st.integers(1, Q - 1)


class TestPoints:
    def test_multiples_of_the_base_point_are_those_of_sec2(self) -> None:
        assert [GROUP.encode(GROUP.mul_base(i)) for i in (1, 2, 3)] == [G, G2, G3]
        assert GROUP.encode(GROUP.base) == G

    @pytest.mark.parametrize(
        "data",
        [
            b"",
            b"\x00",
            b"\x00" + bytes(32),
            b"\x04" + G[1:] + Y_OF_G,
            b"\x06" + G[1:] + Y_OF_G,
            b"\x07" + G[1:] + Y_OF_G,
            b"\x04" + G[1:],
            b"\x06" + G[1:],
            G[:-1],
            G + b"\x00",
            b"\x02" + P.to_bytes(32, "big"),
            b"\x02" + (P + 1).to_bytes(32, "big"),
            b"\x03" + b"\xff" * 32,
            b"\x02" + (5).to_bytes(32, "big"),
            b"\x02" + bytes(32),
        ],
        ids=lambda data: data[:2].hex() + f" {len(data)} bytes",
    )
    def test_decode_takes_only_compressed_points_of_the_curve(self, data: bytes) -> None:
        with pytest.raises(FormatError):
            GROUP.decode(data)

    @given(scalars)
    def test_encodings_decode_to_themselves(self, scalar: int) -> None:
        data = GROUP.encode(GROUP.mul_base(scalar))
        assert GROUP.encode(GROUP.decode(data)) == data

    def test_infinity_is_refused(self) -> None:
        with pytest.raises(FormatError, match="infinity"):
            GROUP.add(GROUP.base, GROUP.mul_base(Q - 1))


class TestProducts:
    @given(scalars, scalars)
    def test_all_three_products_agree(self, a: int, b: int) -> None:
        point = GROUP.mul_base(a)
        expected = GROUP.encode(GROUP.mul_base(a * b % Q))
        assert GROUP.encode(GROUP.mul(b, point)) == expected
        assert GROUP.encode(GROUP.mul_secret(b, point)) == expected

    @pytest.mark.parametrize("scalar", [0, Q, Q + 1, -1])
    def test_scalars_out_of_range_are_refused(self, scalar: int) -> None:
        for product in (GROUP.mul, GROUP.mul_secret):
            with pytest.raises(FormatError):
                product(scalar, GROUP.base)
        with pytest.raises(FormatError):
            GROUP.mul_base(scalar)

    def test_blinding_is_neither_zero_nor_the_secret_nor_out_of_range(self) -> None:
        drawn = iter([0, 7, Q, 2**256 - 1, 5])
        group = Secp256k1(lambda size: next(drawn).to_bytes(size, "big"))
        assert group.encode(group.mul_secret(7, group.mul_base(2))) == GROUP.encode(GROUP.mul_base(14))
        assert list(drawn) == []

    def test_variable_time_product_never_sees_the_secret(self) -> None:
        seen: list[int] = []

        class Watched(Secp256k1):
            def mul(self, scalar: int, point: Point) -> Point:
                seen.append(scalar)
                return super().mul(scalar, point)

        Watched(lambda size: (400).to_bytes(size, "big")).mul_secret(1000, GROUP.base)
        assert seen == [400, 600]

    def test_every_secret_product_is_blinded_afresh(self) -> None:
        drawn = iter(range(1, 5))
        group = Secp256k1(lambda size: next(drawn).to_bytes(size, "big"))
        for _ in range(3):
            group.mul_secret(1000, group.base)
        assert next(drawn) == 4


class TestScalars:
    @given(scalars)
    def test_round_trip(self, scalar: int) -> None:
        assert decode_scalar(GROUP, encode_scalar(GROUP, scalar)) == scalar

    @pytest.mark.parametrize(
        "data", [bytes(32), Q.to_bytes(32, "big"), b"\xff" * 32, b"\x01" * 31, bytes(1) + b"\x01" * 32]
    )
    def test_zero_too_large_and_other_sizes_are_refused(self, data: bytes) -> None:
        with pytest.raises(FormatError):
            decode_scalar(GROUP, data)

    @pytest.mark.parametrize("scalar", [0, Q, -1])
    def test_encode_refuses_what_decode_refuses(self, scalar: int) -> None:
        with pytest.raises(FormatError):
            encode_scalar(GROUP, scalar)


class TestInterpolation:
    @given(st.lists(scalars, min_size=1, max_size=5), st.data())
    def test_any_choice_of_points_gives_the_polynomial(self, coefficients: list[int], data: st.DataObject) -> None:
        k = len(coefficients)
        indices = tuple(data.draw(st.lists(st.integers(1, 255), min_size=k, max_size=k, unique=True)))
        at = data.draw(st.integers(0, 300))
        values = [sum(a * i**c for c, a in enumerate(coefficients)) % Q for i in (*indices, at)]
        weights = lagrange(GROUP, indices, at)
        assert sum(w * v for w, v in zip(weights, values, strict=False)) % Q == values[-1]

    def test_duplicate_indices_are_refused(self) -> None:
        with pytest.raises(FormatError):
            lagrange(GROUP, (1, 2, 1))

    def test_shares_of_rfc_9591_appendix_e5(self) -> None:
        secret, a1 = (
            int("0d004150d27c3bf2a42f312683d35fac7394b1e9e318249c1bfe7f0795a83114", 16),
            int("fbf85eadae3058ea14f19148bb72b45e4399c0b16028acaf0395c9b03c823579", 16),
        )
        public = "02f37c34b66ced1fb51c34a90bdae006901f10625cc06c4f64663b0eae87d87b4f"
        shares = [
            "08f89ffe80ac94dcb920c26f3f46140bfc7f95b493f8310f5fc1ea2b01f4254c",
            "04f0feac2edcedc6ce1253b7fab8c86b856a797f44d83d82a385554e6e401984",
            "00e95d59dd0d46b0e303e500b62b7ccb0e555d49f5b849f5e748c071da8c0dbc",
        ]
        assert [f"{(secret + a1 * i) % Q:064x}" for i in (1, 2, 3)] == shares
        points = tuple(GROUP.mul_base(int(shares[i - 1], 16)) for i in (1, 3))
        assert GROUP.encode(weighted_sum(GROUP, lagrange(GROUP, (1, 3)), points)).hex() == public
