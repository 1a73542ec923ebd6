"""What is saved as DICOM: the same places and values for every reader."""

from __future__ import annotations

import zipfile
from pathlib import Path

import highdicom
import nibabel
import numpy as np
import pydicom
import pytest
import SimpleITK
import torch
from graphgen import Context, NodeError

from graphgen_medical import geometry
from graphgen_medical.dicom.segmentation import read_segmentation
from graphgen_medical.load import read_scan
from graphgen_medical.nifti import nifti_bytes, write_nifti
from graphgen_medical.save import save_capture, save_dicom, save_nifti, save_segmentation
from graphgen_medical.types import Picture, Segmentation, Volume

from . import scans

OBLIQUE = (0.8, 0.6, 0.0, -0.6, 0.8, 0.0)


@pytest.fixture
def ctx(tmp_path):
    return Context(outputs=tmp_path / "out")


@pytest.fixture(
    params=[(1, 0, 0, 0, 1, 0), OBLIQUE, (0, 1, 0, 0, 0, -1)], ids=["axial", "oblique", "sagittal"]
)
def volume(request, tmp_path):
    return read_scan(scans.write(scans.ct_slices(plane=request.param), tmp_path / "ct"))


def axial(tmp_path, **options):
    return read_scan(scans.write(scans.ct_slices(**options), tmp_path / "ct"))


def test_a_series_saved_and_loaded_is_the_same(volume, ctx):
    paths = save_dicom(volume, ctx=ctx).paths
    again = read_scan(Path(paths[0]).parent)
    assert torch.equal(again.data, volume.data)
    assert geometry.same_grid(again.affine, volume.affine, 1e-6)
    assert [Path(path).name for path in paths] == [f"{n:04}.dcm" for n in range(1, 7)]


def test_simpleitk_reads_the_same_geometry(volume, ctx):
    folder = Path(save_dicom(volume, ctx=ctx).paths[0]).parent
    reader = SimpleITK.ImageSeriesReader()
    reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(folder)))
    image = reader.Execute()
    assert image.GetSize() == volume.size
    assert image.GetSpacing() == pytest.approx(volume.spacing)
    assert image.GetOrigin() == pytest.approx(geometry.origin(volume.affine), abs=1e-6)
    place = image.TransformIndexToPhysicalPoint((3, 5, 4))
    assert place == pytest.approx(geometry.apply(volume.affine, (3, 5, 4)), abs=1e-5)
    assert np.array_equal(SimpleITK.GetArrayFromImage(image), volume.data.numpy())


def test_highdicom_reads_the_same_geometry(volume, ctx):
    paths = save_dicom(volume, ctx=ctx).paths
    other = highdicom.get_volume_from_series([pydicom.dcmread(path) for path in paths])
    index = (4, 5, 3)  # slice, row, column of its own order
    place = (other.affine @ [*index, 1])[:3]
    mine = np.linalg.inv(np.array(volume.affine)) @ [*place, 1]
    i, j, k = np.rint(mine[:3]).astype(int)
    assert np.allclose(mine[:3], [i, j, k], atol=1e-5)
    assert other.array[index] == volume.data[k, j, i]
    assert sorted(other.spacing) == pytest.approx(sorted(volume.spacing))


def test_it_says_what_it_is(tmp_path, ctx):
    slices = scans.ct_slices()
    volume = read_scan(scans.write(slices, tmp_path / "ct"))
    volume = volume.derive(volume.data + 0.4, "Denoised by total variation, weight 0.1.")
    one = pydicom.dcmread(save_dicom(volume, deidentify=False, ctx=ctx).paths[2])
    assert one.ImageType[:2] == ["DERIVED", "SECONDARY"]
    assert one.DerivationDescription.startswith("Denoised by total variation, weight 0.1.")
    assert "not for diagnosis" in one.DerivationDescription
    original = slices[2]
    assert one.SourceImageSequence[0].ReferencedSOPInstanceUID == original.SOPInstanceUID
    assert one.SourceImageSequence[0].ReferencedSOPClassUID == original.SOPClassUID
    assert one.StudyInstanceUID == original.StudyInstanceUID
    assert one.FrameOfReferenceUID == original.FrameOfReferenceUID
    assert one.SeriesInstanceUID != original.SeriesInstanceUID
    assert one.SOPInstanceUID == one.file_meta.MediaStorageSOPInstanceUID != original.SOPInstanceUID
    assert (one.PatientName, one.KVP, one.ConvolutionKernel) == ("Quixote^Alonso", 120, "B30f")
    assert one.ContributingEquipmentSequence[0].ManufacturerModelName == "graphgen-medical"
    assert not [element for element in one.iterall() if element.tag.is_private]


def test_a_long_history_fits_its_attribute(tmp_path, ctx):
    volume = axial(tmp_path)
    for number in range(100):
        volume = volume.derive(volume.data, f"Step {number} was done with great care.")
    text = pydicom.dcmread(save_dicom(volume, ctx=ctx).paths[0]).DerivationDescription
    assert len(text) <= 1024
    assert text.endswith("... Research only, not for diagnosis or treatment.")


def test_values_are_rounded_to_the_nearest_hounsfield_unit(tmp_path, ctx):
    volume = axial(tmp_path)
    volume = volume.derive(volume.data + 0.3, "Shifted by 0.3 HU.")
    again = read_scan(Path(save_dicom(volume, ctx=ctx).paths[0]).parent)
    assert float((again.data - volume.data).abs().max()) <= 0.5


def test_values_below_air_are_kept(tmp_path, ctx):
    volume = axial(tmp_path)
    volume = volume.derive(volume.data - 500, "Lowered by 500 HU.")
    again = read_scan(Path(save_dicom(volume, ctx=ctx).paths[0]).parent)
    assert torch.equal(again.data, volume.data)


def test_a_finer_slope_of_the_source_is_kept(tmp_path, ctx):
    hu = scans.phantom() + 0.25
    volume = axial(tmp_path, hu=hu, slope=0.25, intercept=-1024)
    again = read_scan(Path(save_dicom(volume, ctx=ctx).paths[0]).parent)
    assert np.array_equal(again.data.numpy(), hu)


def test_values_far_out_and_no_hounsfield_units_keep_four_digits(tmp_path, ctx):
    volume = axial(tmp_path)
    for data, unit in ((volume.data * 100, "HU"), (volume.data / 5000, "US")):
        derived = volume.derive(data, "Scaled.", unit=unit)
        paths = save_dicom(derived, ctx=ctx).paths
        again = read_scan(Path(paths[0]).parent)
        span = float(data.max() - data.min())
        assert float((again.data - data).abs().max()) < span / 60000
        assert pydicom.dcmread(paths[0]).RescaleType == unit


def test_slices_of_a_cropped_volume_name_their_originals(tmp_path, ctx):
    slices = scans.ct_slices()
    volume = read_scan(scans.write(slices, tmp_path / "ct"))
    cropped = volume.derive(
        volume.data[2:5, 3:, 4:], "Cropped.", affine=geometry.cropped(volume.affine, (4, 3, 2))
    )
    one = pydicom.dcmread(save_dicom(cropped, deidentify=False, ctx=ctx).paths[0])
    assert one.SourceImageSequence[0].ReferencedSOPInstanceUID == slices[2].SOPInstanceUID
    assert [float(v) for v in one.ImagePositionPatient] == pytest.approx([-6.8, -17.9, 105])


def test_an_enlarged_volume_says_its_spacing(tmp_path, ctx):
    volume = axial(tmp_path)
    data = volume.data.repeat_interleave(4, 1).repeat_interleave(4, 2)
    large = volume.derive(data, "x4.", affine=geometry.resampled(volume.affine, (4, 4, 1)))
    again = read_scan(Path(save_dicom(large, ctx=ctx).paths[0]).parent)
    assert again.spacing == pytest.approx((0.2, 0.175, 2.5))
    assert geometry.same_grid(again.affine, large.affine, 1e-6)


def test_an_enhanced_source_is_referred_to_by_frame(tmp_path, ctx):
    original = scans.enhanced_ct(scans.phantom())
    folder = scans.write([original], tmp_path / "ct")
    paths = save_dicom(read_scan(folder), deidentify=False, ctx=ctx).paths
    references = [pydicom.dcmread(path).SourceImageSequence[0] for path in paths]
    assert [item.ReferencedFrameNumber for item in references] == [6, 5, 4, 3, 2, 1]
    assert {item.ReferencedSOPInstanceUID for item in references} == {original.SOPInstanceUID}
    assert torch.equal(read_scan(Path(paths[0]).parent).data, read_scan(folder).data)


def test_a_volume_of_no_dicom_becomes_a_study_of_its_own(tmp_path, ctx):
    write_nifti(axial(tmp_path), tmp_path / "a.nii.gz")
    volume = read_scan(tmp_path / "a.nii.gz")
    paths = save_dicom(volume, ctx=ctx).paths
    again = read_scan(Path(paths[0]).parent)
    assert torch.equal(again.data, volume.data)
    assert geometry.same_grid(again.affine, volume.affine, 1e-5)
    assert "SourceImageSequence" not in pydicom.dcmread(paths[0])


def test_a_zip_of_a_series(tmp_path, ctx):
    volume = axial(tmp_path)
    (path,) = save_dicom(volume, packing="zip", ctx=ctx).paths
    assert len(zipfile.ZipFile(path).namelist()) == 6
    assert torch.equal(read_scan(Path(path)).data, volume.data)


def test_nothing_is_overwritten_and_nothing_is_left_half_written(tmp_path, ctx):
    volume = axial(tmp_path)
    first, second = (Path(save_dicom(volume, ctx=ctx).paths[0]).parent.name for _ in "ab")
    assert (first, second) == ("series", "series-2")
    bad = volume.derive(volume.data * float("nan"), "Broken.")
    with pytest.raises(NodeError, match="no numbers"):
        save_dicom(bad, ctx=ctx)
    assert sorted(path.name for path in ctx.outputs.iterdir()) == ["series", "series-2"]


def test_what_dicom_can_not_say_is_refused(tmp_path, ctx):
    volume = axial(tmp_path)
    sheared = volume.derive(
        volume.data, "Sheared.", affine=[[1, 0, 0.3, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]
    )
    with pytest.raises(NodeError, match="sheared"):
        save_dicom(sheared, ctx=ctx)
    with pytest.raises(NodeError, match="can be CT or MR"):
        save_dicom(Volume(volume.data, modality="OT", unit="US"), ctx=ctx)


def test_an_mr_series_stays_mr(tmp_path, ctx):
    folder = scans.write(scans.mr_slices(), tmp_path / "mr")
    volume = read_scan(folder, modality="MR")
    paths = save_dicom(volume, ctx=ctx).paths
    again = read_scan(Path(paths[0]).parent, modality="MR")
    assert float((again.data - volume.data).abs().max()) < 0.02
    assert pydicom.dcmread(paths[0]).SOPClassUID.name == "MR Image Storage"


def labelled(volume):
    labels = torch.zeros(volume.data.shape, dtype=torch.uint8)
    labels[volume.data < -800] = 1
    labels[volume.data > 600] = 2
    labels[:, :4] = 0
    return Segmentation(labels, ("lung", "bone"), volume.affine, volume.source, "Thresholds.")


def test_a_segmentation_lies_on_its_volume(volume, ctx):
    segmentation = labelled(volume)
    (path,) = save_segmentation(segmentation, ctx=ctx).paths
    seg = highdicom.seg.segread(path)
    grid = seg.get_volume(combine_segments=True)
    mine = np.linalg.inv(np.array(volume.affine)) @ grid.affine
    checked = 0
    for index in np.argwhere(grid.array > 0)[::7]:
        i, j, k = np.rint((mine @ [*index, 1])[:3]).astype(int)
        assert grid.array[tuple(index)] == segmentation.labels[k, j, i]
        checked += 1
    assert checked > 10
    assert int((grid.array > 0).sum()) == int((segmentation.labels > 0).sum())


def test_a_segmentation_is_read_back_for_the_viewer(volume, ctx):
    segmentation = labelled(volume)
    (path,) = save_segmentation(segmentation, ctx=ctx).paths
    again = read_segmentation(Path(path))
    assert again.names == ("lung", "bone")
    mine = np.linalg.inv(np.array(volume.affine)) @ np.array(again.affine)
    found = np.argwhere(again.labels.numpy())
    places = np.rint((mine @ np.c_[found[:, ::-1], np.ones(len(found))].T)[:3]).astype(int)
    there = segmentation.labels.numpy()[tuple(places[::-1])]
    assert np.array_equal(there, again.labels.numpy()[tuple(found.T)])
    image = nibabel.Nifti1Image.from_bytes(nifti_bytes(again))
    assert image.get_data_dtype() == np.uint8


def test_a_segmentation_names_what_it_was_made_on(tmp_path, ctx):
    slices = scans.ct_slices()
    volume = read_scan(scans.write(slices, tmp_path / "ct"))
    (path,) = save_segmentation(labelled(volume), deidentify=False, ctx=ctx).paths
    seg = highdicom.seg.segread(path)
    assert [segment.SegmentLabel for segment in seg.SegmentSequence] == ["lung", "bone"]
    assert seg.SegmentSequence[0].segmented_property_type.value == "39607008"
    assert seg.FrameOfReferenceUID == slices[0].FrameOfReferenceUID
    referenced = {
        item.ReferencedSOPInstanceUID
        for item in seg.ReferencedSeriesSequence[0].ReferencedInstanceSequence
    }
    assert referenced <= {one.SOPInstanceUID for one in slices}
    assert len(referenced) >= 5


def test_a_segmentation_of_an_enhanced_source(tmp_path, ctx):
    original = scans.enhanced_ct(scans.phantom())
    volume = read_scan(scans.write([original], tmp_path / "ct"))
    (path,) = save_segmentation(labelled(volume), deidentify=False, ctx=ctx).paths
    seg = highdicom.seg.segread(path)
    grid = seg.get_volume(combine_segments=True)
    assert int((grid.array > 0).sum()) == int((labelled(volume).labels > 0).sum())


def test_a_segmentation_and_a_series_of_one_run_belong_together(tmp_path, ctx):
    volume = axial(tmp_path)
    series = pydicom.dcmread(save_dicom(volume, ctx=ctx).paths[0])
    seg = pydicom.dcmread(save_segmentation(labelled(volume), ctx=ctx).paths[0])
    for keyword in ("PatientID", "PatientName", "StudyInstanceUID", "FrameOfReferenceUID"):
        assert series[keyword].value == seg[keyword].value


@pytest.mark.parametrize("deidentify", [True, False])
def test_a_source_without_study_and_frame_of_reference_gets_them(tmp_path, ctx, deidentify):
    slices = scans.ct_slices()
    for one in slices:
        del one.StudyInstanceUID, one.FrameOfReferenceUID
    volume = read_scan(scans.write(slices, tmp_path / "ct"))
    paths = save_dicom(volume, deidentify=deidentify, ctx=ctx).paths
    saved = [pydicom.dcmread(path) for path in paths]
    made = save_segmentation(labelled(volume), deidentify=deidentify, ctx=ctx)
    saved.append(pydicom.dcmread(made.paths[0]))
    for keyword in ("StudyInstanceUID", "FrameOfReferenceUID"):
        (uid,) = {str(one[keyword].value) for one in saved}
        assert pydicom.uid.UID(uid).is_valid


def test_labels_as_nifti(tmp_path, ctx):
    volume = axial(tmp_path)
    (path,) = save_segmentation(labelled(volume), format="nifti", ctx=ctx).paths
    again = read_scan(Path(path))
    assert np.array_equal(again.data.numpy(), labelled(volume).labels.numpy())
    (path,) = save_nifti(volume, ctx=ctx).paths
    assert torch.equal(read_scan(Path(path)).data, volume.data)


def test_labels_that_dicom_can_not_hold(tmp_path, ctx):
    volume = axial(tmp_path)
    empty = Segmentation(
        torch.zeros(volume.data.shape, dtype=torch.uint8), ("lung",), volume.affine, volume.source
    )
    with pytest.raises(NodeError, match="nothing is labelled"):
        save_segmentation(empty, ctx=ctx)
    with pytest.raises(NodeError, match="refers to DICOM images"):
        save_segmentation(Segmentation(empty.labels + 1, ("lung",)), ctx=ctx)


@pytest.mark.parametrize("shape", [(30, 40), (30, 40, 3)])
def test_a_secondary_capture(tmp_path, ctx, shape):
    volume = axial(tmp_path)
    pixels = torch.arange(np.prod(shape)).reshape(shape).to(torch.uint8)
    (path,) = save_capture(Picture(pixels), volume, ctx=ctx).paths
    one = pydicom.dcmread(path)
    assert one.SOPClassUID.name == "Secondary Capture Image Storage"
    assert np.array_equal(one.pixel_array, pixels.numpy())
    assert one.ImageType[0] == "DERIVED"
    study = pydicom.dcmread(save_dicom(volume, ctx=ctx).paths[0]).StudyInstanceUID
    assert one.StudyInstanceUID == study


@pytest.mark.skipif(not (scans.DATA / "chest").is_dir(), reason="real CT is absent: make data")
def test_a_real_series(tmp_path, ctx):
    volume = read_scan(scans.DATA / "chest")
    folder = Path(save_dicom(volume, ctx=ctx).paths[0]).parent
    again = read_scan(folder)
    assert torch.equal(again.data, volume.data)
    assert geometry.same_grid(again.affine, volume.affine, 1e-6)
    reader = SimpleITK.ImageSeriesReader()
    reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(folder)))
    image = reader.Execute()
    assert image.GetOrigin() == pytest.approx(geometry.origin(volume.affine))
    assert image.GetSpacing() == pytest.approx(volume.spacing)
