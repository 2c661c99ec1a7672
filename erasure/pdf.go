package erasure

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"lethe"

	"codeberg.org/go-pdf/fpdf"
)

// listedInPDF is how many objects or exceptions the printed certificate lists; all are in
// the signed one, which is attached to it.
const listedInPDF = 200

// WritePDF writes a certificate for people, as PDF. The signed certificate, which is what
// counts and what can be verified, is attached to it as certificate.json. The same
// certificate makes the same bytes.
func WritePDF(w io.Writer, signed SignedCertificate) error {
	var c Certificate
	if err := json.Unmarshal(signed.Certificate, &c); err != nil {
		return lethe.Errorf(lethe.BadData, "the certificate cannot be read: %w", err)
	}
	attached, err := json.MarshalIndent(signed, "", "  ")
	if err != nil {
		return err
	}
	f := fpdf.New("P", "mm", "A4", "")
	f.SetCatalogSort(true)
	f.SetCreationDate(c.Done)
	f.SetModificationDate(c.Done)
	f.SetProducer("lethe", true)
	f.SetTitle("Certificate of erasure "+c.Request, true)
	f.SetLang("en")
	f.SetAttachments([]fpdf.Attachment{{Content: append(attached, '\n'), Filename: "certificate.json", Description: "The signed certificate"}})
	f.SetMargins(22, 20, 22)
	f.SetAutoPageBreak(true, 20)
	f.AliasNbPages("")
	p := page{f, f.UnicodeTranslatorFromDescriptor("")}
	f.SetFooterFunc(func() {
		f.SetY(-14)
		f.SetFont("Helvetica", "", 8)
		f.SetTextColor(92, 99, 107)
		f.CellFormat(0, 4, p.text(fmt.Sprintf("%s  ·  %d of {nb}", c.Request, f.PageNo())), "", 0, "L", false, 0, "")
	})
	f.AddPage()
	p.certificate(c, signed)
	if err := f.Output(w); err != nil {
		return fmt.Errorf("PDF of certificate %s: %w", c.Request, err)
	}
	return nil
}

// page writes on the pages of a certificate.
type page struct {
	*fpdf.Fpdf
	text func(string) string // in the fonts' character set
}

func (p page) certificate(c Certificate, signed SignedCertificate) {
	p.SetFont("Helvetica", "B", 17)
	p.SetTextColor(15, 107, 92)
	p.CellFormat(0, 9, p.text("Certificate of erasure"), "", 1, "L", false, 0, "")
	p.Ln(2)
	records, changes := int64(0), 0
	var objects, statistics []Outcome
	for _, o := range c.Objects {
		if o.statistics() > 0 && o.Records == 0 {
			statistics = append(statistics, o)
			continue
		}
		objects = append(objects, o)
		records += o.Records
		changes += len(o.Changes)
	}
	elsewhere, stay := int64(0), len(c.Exceptions)
	for _, h := range c.Holdings {
		if h.Reason == "" {
			elsewhere += h.Records
		} else {
			stay++
		}
	}
	p.field("Request", c.Request)
	p.field("Made", stamp(c.Made))
	p.field("Done", stamp(c.Done))
	p.field("Report", "SHA-256 "+c.Report)
	p.field("Erased", fmt.Sprintf("%d records in %d objects, by %d changes; %d records in other places", records, len(objects), changes, elsewhere))
	p.field("Stays", fmt.Sprintf("%d exceptions, and %d objects that could not be read", stay, len(c.Unread)))
	p.field("Proof", fmt.Sprintf("After the last change, %d object versions in scope were listed, had been read, and do not hold the person. SHA-256 of that listing: %s", c.Versions, c.Listing))

	p.heading("The person, by keyed hashes")
	for _, id := range c.Identifiers {
		p.field(id.Type, id.Hash)
	}
	p.heading("Decisions")
	for _, d := range c.Decisions {
		said := "rejected"
		if d.Approve {
			said = "approved"
		}
		p.field(d.By, strings.TrimSpace(fmt.Sprintf("%s on %s. %s", said, stamp(d.At), d.Reason)))
	}
	if len(c.Holds) > 0 {
		p.heading("Holds and exemptions")
		for _, h := range c.Holds {
			p.field(h.ID, strings.TrimSpace(fmt.Sprintf("%s %s: %s%s", h.Kind, h.Mapping, h.Reason, until(h.Until))))
		}
	}
	p.heading("Objects")
	p.list(len(objects), func(i int) (string, string) {
		o := objects[i]
		return fmt.Sprintf("%d records", o.Records), "s3://" + o.Bucket + "/" + o.Key
	})
	if n := len(statistics); n > 0 {
		p.heading("Statistics that the catalog has deleted")
		p.list(n, func(i int) (string, string) {
			o := statistics[i]
			return fmt.Sprintf("%d", o.statistics()), "of the columns of the table at s3://" + o.Bucket + "/" + o.Key
		})
	}
	if n := len(c.Holdings); n > 0 {
		p.heading("Other places")
		p.list(n, func(i int) (string, string) {
			h := c.Holdings[i]
			if h.Reason != "" {
				return "stays", h.Holder + " " + h.Place + ": " + h.Reason + until(h.Until)
			}
			return fmt.Sprintf("%d records", h.Records), h.Holder + " " + h.Place
		})
	}
	if n := len(c.Exceptions); n > 0 {
		p.heading("Exceptions")
		p.list(n, func(i int) (string, string) {
			e := c.Exceptions[i]
			return "stays", "s3://" + e.Bucket + "/" + e.Key + " " + e.Version + ": " + e.Reason + until(e.Until)
		})
	}
	if n := len(c.Unread); n > 0 {
		p.heading("Objects that could not be read")
		p.list(n, func(i int) (string, string) {
			u := c.Unread[i]
			return "unread", "s3://" + u.Bucket + "/" + u.Key + " " + u.Version + ": " + u.Reason
		})
	}
	p.heading("Signature")
	p.field("Ed25519", hex.EncodeToString(signed.Signature))
	p.field("Public key", hex.EncodeToString(signed.PublicKey))
	p.field("Verify", "The signed certificate is attached to this file as certificate.json: lethe erase verify certificate.json")
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 MST") }

func until(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return ", until " + stamp(t)
}

func (p page) heading(s string) {
	p.Ln(4)
	p.SetFont("Helvetica", "B", 11)
	p.SetTextColor(28, 30, 33)
	p.CellFormat(0, 7, p.text(s), "B", 1, "L", false, 0, "")
	p.Ln(1)
}

func (p page) field(name, value string) {
	p.SetFont("Helvetica", "", 9)
	p.SetTextColor(92, 99, 107)
	const column = 34
	p.CellFormat(column, 5, p.text(shorten(name)), "", 0, "L", false, 0, "")
	p.SetTextColor(28, 30, 33)
	left, _, _, _ := p.GetMargins()
	p.SetLeftMargin(left + column)
	p.MultiCell(0, 5, p.text(value), "", "L", false)
	p.SetLeftMargin(left)
	p.SetX(left)
}

// shorten makes a name fit its column.
func shorten(s string) string {
	if r := []rune(s); len(r) > 18 {
		return string(r[:17]) + "…"
	}
	return s
}

func (p page) list(n int, of func(i int) (name, value string)) {
	for i := range min(n, listedInPDF) {
		p.field(of(i))
	}
	if n > listedInPDF {
		p.field("", fmt.Sprintf("and %d more: see the attached certificate.json", n-listedInPDF))
	}
}
