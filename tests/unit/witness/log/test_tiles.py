from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from witness.log.merkle import (
    Frontier,
    consistency_proof,
    consistency_proof_from,
    inclusion_proof,
    inclusion_proof_from,
    leaf_hash,
    tree_head,
)
from witness.log.tiles import (
    Tile,
    TileError,
    build_tiles,
    bundles_between,
    decode_bundle,
    encode_bundle,
    prove_from_tiles,
    split_hashes,
    tile_nodes,
    tiles_between,
)

LEAVES = [leaf_hash(i.to_bytes(4, "big")) for i in range(70_000)]


class Store:
    """Tiles as a log keeps them, with a count of what was read."""

    def __init__(self, *steps: int) -> None:
        self.tiles: dict[Tile, bytes] = {}
        self.read_tiles: list[Tile] = []
        self.size = 0
        for step in steps:
            self.grow(step)

    def read(self, tile: Tile) -> bytes:
        self.read_tiles.append(tile)
        return self.tiles[tile]

    def grow(self, step: int) -> dict[Tile, bytes]:
        built = build_tiles(self.size, LEAVES[self.size : self.size + step], self.read)
        self.tiles.update(built)
        self.size += step
        return built


@pytest.fixture(scope="module")
def large() -> Store:
    return Store(1, 255, 700, 64_580, 4_464)


class TestPath:
    @pytest.mark.parametrize(
        ("tile", "path"),
        [
            (Tile(0, 0), "tile/0/000"),
            (Tile(0, 273, 112), "tile/0/273.p/112"),
            (Tile(1, 1_234_067), "tile/1/x001/x234/067"),
            (Tile(None, 1000), "tile/entries/x001/000"),
            (Tile(None, 0, 255), "tile/entries/000.p/255"),
            (Tile(63, 999), "tile/63/999"),
        ],
    )
    def test_reads_back(self, tile: Tile, path: str) -> None:
        assert tile.path == path
        assert Tile.parse(path) == tile

    @pytest.mark.parametrize(
        "path",
        [
            "",
            "tile/0/0",
            "tile/00/000",
            "tile/64/000",
            "tile/-1/000",
            "tile/0/x000/000",
            "tile/0/001/000",
            "tile/0/x1/000",
            "tile/0/000.p/0",
            "tile/0/000.p/256",
            "tile/0/000.p/01",
            "tile/0/000.p/",
            "tile/0/x000",
            "tile/0/000/",
            "/tile/0/000",
            "tile/0/../000",
            "tile/data/000",
            "tile/0/٠٠٠",
        ],
    )
    def test_refuses_every_other_spelling(self, path: str) -> None:
        with pytest.raises(TileError):
            Tile.parse(path)

    @pytest.mark.parametrize(("level", "index", "width"), [(64, 0, 1), (-1, 0, 1), (0, -1, 1), (0, 0, 0), (0, 0, 257)])
    def test_refuses_places_that_do_not_exist(self, level: int, index: int, width: int) -> None:
        with pytest.raises(TileError):
            Tile(level, index, width)

    def test_the_full_tile_of_a_partial_one(self) -> None:
        assert Tile(1, 2, 3).full == Tile(1, 2)
        assert Tile(1, 2).is_full
        assert not Tile(1, 2, 3).is_full


class TestBuild:
    def test_the_specification_s_example_of_70_000(self, large: Store) -> None:
        assert large.size == 70_000
        full = [tile for tile in large.tiles if tile.is_full]
        assert sum(tile.level == 0 for tile in full) == 273
        assert sum(tile.level == 1 for tile in full) == 1
        assert {Tile(0, 273, 112), Tile(1, 1, 17), Tile(2, 0, 1)} <= large.tiles.keys()

    @settings(deadline=None, max_examples=30)
    @given(st.lists(st.integers(1, 400), max_size=6))
    def test_steps_do_not_matter(self, steps: list[int]) -> None:
        stepwise, at_once = Store(*steps), Store()
        assert not at_once.tiles
        at_once.grow(sum(steps))
        for tile in tiles_between(0, stepwise.size):
            assert stepwise.tiles[tile] == at_once.tiles[tile]

    @settings(deadline=None, max_examples=30)
    @given(st.integers(0, 1500), st.integers(0, 600))
    def test_growing_makes_just_the_tiles_between(self, old: int, step: int) -> None:
        store = Store(old) if old else Store()
        store.read_tiles.clear()
        built = store.grow(step)
        assert sorted(built) == sorted(tiles_between(old, old + step))
        assert all(not tile.is_full for tile in store.read_tiles)
        assert len(store.read_tiles) == len({tile.level for tile in store.read_tiles})

    def test_nothing_new_makes_no_tiles(self) -> None:
        assert build_tiles(5, [], Store().read) == {}
        assert list(tiles_between(300, 300)) == []
        assert list(bundles_between(300, 300)) == []

    def test_a_damaged_partial_tile_is_noticed(self) -> None:
        with pytest.raises(TileError, match="96 are needed"):
            build_tiles(3, LEAVES[3:5], lambda _: bytes(64))


class TestNodes:
    def test_proofs_from_tiles_are_the_proofs_from_leaves(self, large: Store) -> None:
        for index, size in [(0, 1), (12_345, 70_000), (69_999, 70_000), (255, 256), (65_535, 65_536)]:
            store = large if size == 70_000 else Store(size)
            proof = inclusion_proof_from(tile_nodes(store.read, size), index, size)
            assert proof == inclusion_proof(LEAVES, index, size)
        nodes = tile_nodes(large.read, large.size)
        for old in (1, 255, 256, 4_096, 65_536, 69_999, 70_000):
            assert consistency_proof_from(nodes, old, large.size) == consistency_proof(LEAVES, old, large.size)

    def test_a_proof_reads_few_tiles(self, large: Store) -> None:
        large.read_tiles.clear()
        inclusion_proof_from(tile_nodes(large.read, large.size), 12_345, large.size)
        assert len(large.read_tiles) <= 5
        assert len(set(large.read_tiles)) == len(large.read_tiles)

    async def test_proofs_from_tiles_that_lie_elsewhere(self, large: Store) -> None:
        async def fetch(tile: Tile) -> bytes:
            return large.read(tile)

        large.read_tiles.clear()
        proof = await prove_from_tiles(fetch, large.size, lambda nodes: inclusion_proof_from(nodes, 777, large.size))
        assert proof == inclusion_proof(LEAVES, 777, large.size)
        assert len(large.read_tiles) == len(set(large.read_tiles)) <= 5

    def test_the_frontier_of_a_stored_log(self, large: Store) -> None:
        frontier = Frontier.from_nodes(tile_nodes(large.read, large.size), large.size)
        assert frontier.head() == tree_head(LEAVES)

    def test_nodes_beyond_the_tree_are_refused(self, large: Store) -> None:
        nodes = tile_nodes(large.read, large.size)
        for level, index in [(0, 70_000), (4, 4_375), (16, 1), (40, 0)]:
            with pytest.raises(TileError):
                nodes(level, index)

    def test_tiles_of_another_width_are_refused(self) -> None:
        for data in (b"", bytes(31), bytes(64)):
            with pytest.raises(TileError):
                split_hashes(Tile(0, 0, 1), data)


class TestBundles:
    @pytest.mark.parametrize("size", [32, 896])
    def test_read_back(self, size: int) -> None:
        entries = [bytes([i]) * size for i in range(256)]
        data = encode_bundle(entries)
        assert data[:2] == size.to_bytes(2, "big")
        assert decode_bundle(data, 256, size) == entries

    def test_the_bundles_of_a_growing_log(self) -> None:
        assert list(bundles_between(250, 600)) == [Tile(None, 0), Tile(None, 1), Tile(None, 2, 88)]
        assert list(bundles_between(256, 512)) == [Tile(None, 1)]

    @pytest.mark.parametrize(
        ("data", "count"),
        [
            (encode_bundle([bytes(32)]), 2),
            (encode_bundle([bytes(32)]) + b"\x00", 1),
            (encode_bundle([bytes(32), bytes(32)])[:-1], 2),
            (encode_bundle([bytes(30), bytes(34)]), 2),
            (encode_bundle([bytes(34)])[:34], 1),
        ],
    )
    def test_other_numbers_and_sizes_are_refused(self, data: bytes, count: int) -> None:
        with pytest.raises(TileError):
            decode_bundle(data, count, 32)

    def test_an_entry_has_fewer_than_65536_bytes(self) -> None:
        with pytest.raises(TileError):
            encode_bundle([bytes(1 << 16)])
