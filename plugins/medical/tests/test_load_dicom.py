"""DICOM series as they come, each read right or refused in words."""

from __future__ import annotations

import zipfile

import numpy as np
import pytest
from graphgen import NodeError
from pydicom.uid import JPEG2000Lossless, JPEGLSLossless, RLELossless

from graphgen_medical import geometry
from graphgen_medical.load import read_scan

from . import scans


def refusal(path, **options):
    with pytest.raises(NodeError) as caught:
        read_scan(path, **options)
    error = caught.value
    assert not any(secret in f"{error} {error.hint}" for secret in scans.SECRETS)
    return error


def test_a_series_comes_back_in_hounsfield_units_sorted_by_position(tmp_path):
    hu = scans.phantom()
    volume = read_scan(scans.write(scans.ct_slices(hu), tmp_path / "ct"))
    assert np.array_equal(volume.data.numpy(), hu)
    assert volume.spacing == pytest.approx((0.8, 0.7, 2.5))
    assert geometry.origin(volume.affine) == pytest.approx((-10, -20, 100))
    assert (volume.modality, volume.unit) == ("CT", "HU")


def test_the_source_names_the_slices_in_their_order(tmp_path):
    slices = scans.ct_slices()
    volume = read_scan(scans.write(slices, tmp_path / "ct"))
    assert volume.source.slices == tuple(one.SOPInstanceUID for one in slices)
    assert "7FE00010" not in volume.source.header  # pixel data
    assert "private words" not in volume.source.header


def test_oblique_slices_are_sorted_along_their_normal(tmp_path):
    plane = (0.0, 1.0, 0.0, 0.0, 0.0, -1.0)  # sagittal
    hu = scans.phantom()
    volume = read_scan(scans.write(scans.ct_slices(hu, plane=plane), tmp_path / "ct"))
    assert np.array_equal(volume.data.numpy(), hu)
    assert geometry.orientation(volume.affine) == "PIR"
    assert geometry.determinant(volume.affine) > 0


@pytest.mark.parametrize(
    ("signed", "slope", "intercept"),
    [(False, 1, -1024), (True, 1, 0), (True, 2, -24), (False, 0.5, -1024), (True, 1, -1024)],
)
def test_signed_and_unsigned_values_are_rescaled(tmp_path, signed, slope, intercept):
    hu = scans.phantom()
    slices = scans.ct_slices(hu, signed=signed, slope=slope, intercept=intercept)
    values = read_scan(scans.write(slices, tmp_path / "ct")).data.numpy()
    assert np.abs(values - hu).max() <= slope / 2


def test_the_full_range_of_unsigned_16_bit_survives(tmp_path):
    stored = np.array([[0, 1], [65534, 65535]])
    slices = scans.ct_slices(np.stack([stored] * 2), intercept=0.0)
    values = read_scan(scans.write(slices, tmp_path / "ct")).data.numpy()
    assert values[0].tolist() == stored.tolist()


def test_pixels_need_not_be_square(tmp_path):
    slices = scans.ct_slices(spacing=(0.5, 1.5, 3.0))
    volume = read_scan(scans.write(slices, tmp_path / "ct"))
    assert volume.spacing == pytest.approx((0.5, 1.5, 3.0))


@pytest.mark.parametrize("signed", [True, False])
def test_padding_becomes_air(tmp_path, signed):
    hu = scans.phantom()
    padding = -2000 if signed else 63536
    slices = scans.ct_slices(hu, signed=signed, intercept=-24.0 if signed else -1024.0)
    for one in slices:
        stored = one.pixel_array.copy()
        stored[:3] = padding
        scans.set_pixels(one, stored, signed=signed)
        one.add_new("PixelPaddingValue", "SS" if signed else "US", padding)
    values = read_scan(scans.write(slices, tmp_path / "ct")).data.numpy()
    assert (values[:, :3] == -1024).all()
    assert np.array_equal(values[:, 3:], hu[:, 3:])


def test_a_range_of_padding_becomes_air(tmp_path):
    slices = scans.ct_slices(scans.phantom(), signed=True)
    for one in slices:
        stored = one.pixel_array.copy()
        stored[:, 0], stored[:, 1] = -30000, -29990
        scans.set_pixels(one, stored, signed=True)
        one.add_new("PixelPaddingValue", "SS", -30000)
        one.add_new("PixelPaddingRangeLimit", "SS", -29000)
    values = read_scan(scans.write(slices, tmp_path / "ct")).data.numpy()
    assert (values[:, :, :2] == -1024).all()


def test_overlay_bits_above_those_stored_do_not_count(tmp_path):
    hu = scans.phantom()
    slices = scans.ct_slices(hu)
    for one in slices:
        stored = one.pixel_array.copy()
        stored[5:9] |= 0xC000
        scans.set_pixels(one, stored)
        one.BitsStored, one.HighBit = 12, 11
    assert np.array_equal(read_scan(scans.write(slices, tmp_path / "ct")).data.numpy(), hu)


@pytest.mark.parametrize("syntax", [RLELossless, JPEG2000Lossless, JPEGLSLossless])
def test_compressed_pixels_are_the_same(tmp_path, syntax):
    hu = scans.phantom(3, 64, 64)
    slices = scans.ct_slices(hu)
    for one in slices:
        one.compress(syntax, generate_instance_uid=False)
    assert np.array_equal(read_scan(scans.write(slices, tmp_path / "ct")).data.numpy(), hu)


@pytest.mark.parametrize("syntax", [None, RLELossless])
def test_enhanced_multi_frame(tmp_path, syntax):
    hu = scans.phantom()
    one = scans.enhanced_ct(hu)
    if syntax is not None:
        one.compress(syntax, generate_instance_uid=False)
    volume = read_scan(scans.write([one], tmp_path / "ct") / "im000-0.dcm")
    assert np.array_equal(volume.data.numpy(), hu[::-1])
    assert volume.spacing == pytest.approx((0.8, 0.7, 2.5))
    assert geometry.origin(volume.affine) == pytest.approx((-10, -20, 100 - 2.5 * 5))
    assert volume.source.frames == (6, 5, 4, 3, 2, 1)


def test_several_series_have_to_be_chosen_from(tmp_path):
    thin = scans.ct_slices(SeriesNumber=7, SeriesDescription="Thin")
    thick = scans.ct_slices(scans.phantom() + 5)
    folder = scans.write(thin, scans.write(thick, tmp_path / "ct"), "thin")
    error = refusal(folder)
    assert error.code == "several_series"
    assert "number 3 'Chest 2.5' (CT, 6 images)" in str(error)
    for wanted in ("7", "thin", thin[0].SeriesInstanceUID):
        assert read_scan(folder, wanted).source.slices[0] == thin[0].SOPInstanceUID
    assert refusal(folder, series="bone").code == "unknown_series"


def test_contours_beside_a_series_do_not_disturb(tmp_path):
    folder = scans.write(scans.ct_slices(), tmp_path / "ct")
    scans.write([scans.rt_struct()], folder, "rs")
    (folder / "notes.txt").write_text("no DICOM")
    assert read_scan(folder).size == (24, 20, 6)


def test_contours_alone_are_no_images(tmp_path):
    error = refusal(scans.write([scans.rt_struct()], tmp_path / "rs"))
    assert "RT Structure Set" in str(error)
    assert error.code == "no_images"


def test_a_header_without_pixels(tmp_path):
    slices = scans.ct_slices()
    del slices[2].PixelData
    assert refusal(scans.write(slices, tmp_path / "ct")).code == "no_pixel_data"


@pytest.mark.parametrize("kept", [0.3, 0.7, 0.99])
def test_a_truncated_file(tmp_path, kept):
    folder = scans.write(scans.ct_slices(), tmp_path / "ct")
    file = sorted(folder.iterdir())[3]
    content = file.read_bytes()
    file.write_bytes(content[: int(len(content) * kept)])
    error = refusal(folder)
    assert error.code == "unreadable_file"
    assert file.name in str(error)


def test_a_missing_slice(tmp_path):
    slices = scans.ct_slices()
    folder = scans.write(slices[:3] + slices[4:], tmp_path / "ct")
    error = refusal(folder)
    assert error.code == "missing_slices"
    assert "1 slice is missing: slices are 2.5 mm apart" in str(error)
    assert "between 105 and 110 mm" in str(error)
    volume = read_scan(folder, correct=True)
    hu = scans.phantom()
    assert volume.data[3].numpy() == pytest.approx((hu[2] + hu[4]) / 2)
    assert np.array_equal(volume.data[5].numpy(), hu[5])
    assert "missing" in volume.steps[0]


def test_uneven_slices(tmp_path):
    slices = scans.ct_slices()
    slices[4].ImagePositionPatient[2] += 1.0
    folder = scans.write(slices, tmp_path / "ct")
    error = refusal(folder)
    assert error.code == "uneven_slices"
    assert "between 1.5 and 3.5 mm apart" in str(error)
    assert read_scan(folder, correct=True).size == (24, 20, 6)


def test_a_tilted_gantry(tmp_path):
    slices = scans.ct_slices(spacing=(1.0, 1.0, 2.0))
    for index, one in enumerate(slices):
        one.ImagePositionPatient[1] += index * 1.0  # one row a slice
    folder = scans.write(slices, tmp_path / "ct")
    error = refusal(folder)
    assert error.code == "gantry_tilt"
    assert "26.6 degrees" in str(error)
    volume = read_scan(folder, correct=True)
    hu = scans.phantom()
    assert geometry.skew_degrees(volume.affine) == pytest.approx(0, abs=1e-6)
    for index in range(6):  # the voxel of row r lay index rows further back
        assert volume.data[index, index:].numpy() == pytest.approx(hu[index, : 20 - index])
        assert (volume.data[index, :index] == -1024).all()


def test_mixed_sizes(tmp_path):
    slices = scans.ct_slices()
    scans.set_pixels(slices[0], np.zeros((8, 8)))
    error = refusal(scans.write(slices, tmp_path / "ct"))
    assert error.code == "mixed_sizes"
    assert "5 of 20 x 24, 1 of 8 x 8" in str(error)


def test_a_localizer_in_the_series_is_left_out(tmp_path):
    slices = scans.ct_slices()
    scout = scans.ct_slices(scans.phantom(1, 8, 8), ImageType=["ORIGINAL", "PRIMARY", "LOCALIZER"])
    scout[0].SeriesInstanceUID = slices[0].SeriesInstanceUID
    folder = scans.write(scout, scans.write(slices, tmp_path / "ct"), "scout")
    assert read_scan(folder).size == (24, 20, 6)


def test_images_that_are_not_parallel(tmp_path):
    slices = scans.ct_slices()
    slices[1].ImageOrientationPatient = [0, 1, 0, 0, 0, -1]
    assert refusal(scans.write(slices, tmp_path / "ct")).code == "not_parallel"


def test_two_phases_in_one_series(tmp_path):
    slices, others = scans.ct_slices(), scans.ct_slices()
    for one in others:
        one.SeriesInstanceUID = slices[0].SeriesInstanceUID
    folder = scans.write(others, scans.write(slices, tmp_path / "ct"), "phase")
    assert refusal(folder).code == "same_position"


def test_the_same_file_twice_is_one_slice(tmp_path):
    slices = scans.ct_slices()
    folder = scans.write(slices, scans.write(slices, tmp_path / "ct"), "copy")
    assert read_scan(folder).size == (24, 20, 6)


def test_two_patients_in_one_folder(tmp_path):
    folder = scans.write(scans.ct_slices(), tmp_path / "ct")
    scans.write(scans.ct_slices(PatientID="B", PatientName="Panza", SeriesNumber=9), folder, "b")
    error = refusal(folder)
    assert error.code == "several_patients"
    assert "Panza" not in str(error)
    assert read_scan(folder, "9").size == (24, 20, 6)


def test_two_patients_in_one_series(tmp_path):
    slices = scans.ct_slices()
    slices[0].PatientID = "B"
    folder = scans.write(slices, tmp_path / "ct")
    assert refusal(folder, series="3").code == "several_patients"


def test_a_slope_of_zero(tmp_path):
    error = refusal(scans.write(scans.ct_slices(RescaleSlope=0), tmp_path / "ct"))
    assert "slope of 0" in str(error)


def test_ct_without_rescale_has_no_hounsfield_units(tmp_path):
    slices = scans.ct_slices()
    for one in slices:
        del one.RescaleSlope
    folder = scans.write(slices, tmp_path / "ct")
    assert refusal(folder).code == "bad_rescale"
    assert read_scan(folder, modality="any").unit == "US"


def test_mr_is_no_ct(tmp_path):
    folder = scans.write(scans.mr_slices(), tmp_path / "mr")
    error = refusal(folder)
    assert error.code == "wrong_modality"
    assert "the series is MR, whose values are no Hounsfield units" in str(error)
    volume = read_scan(folder, modality="MR")
    assert (volume.modality, volume.unit) == ("MR", "US")


def test_images_without_positions(tmp_path):
    slices = scans.ct_slices()
    for one in slices:
        del one.ImagePositionPatient
    assert refusal(scans.write(slices, tmp_path / "ct")).code == "no_positions"


def test_a_header_with_words_for_numbers(tmp_path):
    folder = scans.write(scans.ct_slices(), tmp_path / "ct")
    for file in folder.iterdir():
        file.write_bytes(file.read_bytes().replace(b"0.7\\0.8 ", b"0.7\\half"))
    assert refusal(folder).code == "unreadable_file"


def test_a_file_that_is_nothing(tmp_path):
    (tmp_path / "a.txt").write_text("hello")
    assert refusal(tmp_path / "a.txt").code == "no_images"
    (tmp_path / "empty").mkdir()
    assert refusal(tmp_path / "empty").code == "no_images"


def zipped(folder, target, names=None):
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, file in enumerate(sorted(folder.iterdir())):
            archive.write(file, names[number] if names else f"study/ct/{file.name}")
    return target


def test_a_zip_is_as_good_as_its_folder(tmp_path):
    folder = scans.write(scans.ct_slices(), tmp_path / "ct")
    volume = read_scan(zipped(folder, tmp_path / "ct.zip"))
    assert np.array_equal(volume.data.numpy(), scans.phantom())


def test_names_in_a_zip_lead_nowhere(tmp_path):
    folder = scans.write(scans.ct_slices(), tmp_path / "ct")
    names = [f"../../../tmp/x{n}.dcm" if n % 2 else f"/abs/x{n}.dcm" for n in range(6)]
    archive = zipped(folder, tmp_path / "a.zip", names)
    before = sorted(tmp_path.parent.rglob("*"))
    assert read_scan(archive).size == (24, 20, 6)
    assert sorted(tmp_path.parent.rglob("*")) == before


def test_a_zip_bomb_is_not_unpacked(tmp_path):
    bomb = tmp_path / "bomb.zip"
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.dcm", bytes(100 * 2**20))
    assert refusal(bomb).code == "archive_too_large"


def test_a_zip_that_lies_about_its_sizes(tmp_path):
    bomb = tmp_path / "bomb.zip"
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.dcm", bytes(2**20))
    content = bytearray(bomb.read_bytes())
    size = (2**20).to_bytes(4, "little")
    assert content.count(size) == 2
    bomb.write_bytes(content.replace(size, (500).to_bytes(4, "little")))
    assert refusal(bomb).code == "unreadable_file"


def test_a_damaged_zip(tmp_path):
    archive = zipped(scans.write(scans.ct_slices(), tmp_path / "ct"), tmp_path / "ct.zip")
    content = bytearray(archive.read_bytes())
    content[200:260] = bytes(60)
    archive.write_bytes(content)
    assert refusal(archive).code == "unreadable_file"


def test_a_zip_that_was_cut_off_says_so(tmp_path):
    folder = scans.write(scans.ct_slices(), tmp_path / "ct")
    archive = zipped(folder, tmp_path / "ct.zip")
    archive.write_bytes(archive.read_bytes()[:-200])
    with pytest.raises(NodeError, match="cut off"):
        read_scan(archive)


def test_series_that_look_alike_are_told_apart_by_uid(tmp_path):
    first, second = scans.ct_slices(), scans.ct_slices()
    scans.write(second, scans.write(first, tmp_path), stem="other")
    with pytest.raises(NodeError, match="2 series") as caught:
        read_scan(tmp_path)
    for one in (first[0], second[0]):
        assert f"UID {one.SeriesInstanceUID}" in str(caught.value)
    assert read_scan(tmp_path, first[0].SeriesInstanceUID).size[2] == len(first)
