from __future__ import annotations


def test_models_of_packs_and_folders(cli, folder):
    own = folder.parent / "workspace" / "models"
    (own / "loras").mkdir(parents=True)
    (own / "loras" / "style.safetensors").write_bytes(b"x" * 1500)
    more = folder / "more"
    (more / "tiny").mkdir(parents=True)
    (more / "tiny" / "config.json").write_text("{}")
    answer = cli("models", "--models", more, "--json").json
    models = {model["name"]: model for model in answer["models"]}
    assert models["loras/style.safetensors"] == {
        "name": "loras/style.safetensors",
        "kind": "file",
        "bytes": 1500,
        "from": "folder",
        "path": str(own / "loras" / "style.safetensors"),
    }
    assert models["tiny"]["kind"] == "folder"
    assert models["tiny"]["bytes"] == 2
    assert models["emoji-64"]["from"] == "pack"
    assert answer["folders"] == [str(own), str(more)]
    lines = [line.split(None, 5) for line in cli("models").out.splitlines()]
    assert ["loras/style.safetensors", "file", "1.5", "kB", "folder"] in [x[:5] for x in lines]
    assert "tiny" not in [x[0] for x in lines]


def test_a_model_of_ones_own_hides_that_of_a_pack(cli, folder):
    own = folder.parent / "workspace" / "models" / "emoji-64"
    own.mkdir(parents=True)
    (own / "model_index.json").write_text("{}")
    models = {model["name"]: model for model in cli("models", "--json").json["models"]}
    assert models["emoji-64"]["from"] == "folder"
    assert models["emoji-64"]["path"] == str(own)
